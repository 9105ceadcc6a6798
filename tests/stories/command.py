"""The `torchard` command of a story, which notes beside it what it showed.

For each run, $STORY_NOTES gets a line of JSON: the arguments, the exit code, and every plan that
was shown, as `--json` would show it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torchard.session  # noqa: F401  # patches the standard library, so it comes first
from torchard.cli import main as cli
from torchard.cli import output
from torchard.plan.codec import StatusDocument, document, to_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text

    from torchard.plan.plan import Plan
    from torchard.plan.result import Result

shown: list[dict[str, object]] = []
print_plan = output.print_plan


def noted(plan: Plan | Result | StatusDocument, lines: Iterable[Text], **options: bool) -> None:
    """Note a plan, and show it."""
    if not isinstance(plan, StatusDocument):  # what it prints does not end as a plan does
        shown.append(to_data(document(plan)))
    print_plan(plan, lines, **options)


def main() -> None:
    """Run the command, and write the note."""
    output.print_plan = noted
    try:
        cli.main()
    except SystemExit as end:
        note = {"arguments": sys.argv[1:], "code": end.code, "plans": shown}
        with Path(os.environ["STORY_NOTES"]).open("a", encoding="utf-8") as notes:
            notes.write(f"{json.dumps(note)}\n")
        raise

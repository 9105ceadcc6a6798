"""The `torchard` command of a story, which notes beside it what it showed.

For each run, $STORY_NOTES gets a line of JSON: the arguments, the exit code, and every plan that
was shown, as `--json` would show it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from torchard.cli import console
from torchard.cli import main as cli

shown: list[dict[str, object]] = []
show = console.show


def noted(plan, lines, **options):
    """Note a plan, and show it."""
    from torchard.plan.codec import plan_data  # noqa: PLC0415  # only those who show one

    shown.append(plan_data(plan))
    show(plan, lines, **options)


def main():
    """Run the command, and write the note."""
    console.show = noted
    try:
        cli.main()
    except SystemExit as end:
        note = {"arguments": sys.argv[1:], "code": end.code, "plans": shown}
        with Path(os.environ["STORY_NOTES"]).open("a", encoding="utf-8") as notes:
            notes.write(f"{json.dumps(note)}\n")
        raise

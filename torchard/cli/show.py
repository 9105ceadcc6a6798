"""`torchard show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from torchard.cli import console, options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text


_INSTEAD = (
    "`torchard show` reads saved plans, and the JSON of plan, apply, rollback, remove, status and"
    " verify."
)


@click.command()
@click.argument(
    "files", metavar="FILE [FILE]...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@options.full
@options.as_json
def show(files: tuple[Path, ...], *, full: bool, as_json: bool) -> None:
    """Show a saved plan, or what --json printed.

    Several files of one kind are shown as one, for example what several controllers did on
    different Macs of one lab. FILE is what `plan --out` wrote, or what --json printed of plan,
    apply, rollback, remove, status or verify. No Mac is contacted.
    """
    from torchard.cli import output
    from torchard.plan.codec import StatusDocument
    from torchard.plan.merge import merge
    from torchard.plan.planfile import OtherJSONError, SavedPlan, read
    from torchard.plan.result import Result
    from torchard.render.status import status_document_lines
    from torchard.render.text import plan_lines, result_lines

    try:
        found = [read(file) for file in files]
    except OtherJSONError as error:
        raise OtherJSONError(error.message, _INSTEAD) from error
    parts = [one.plan if isinstance(one, SavedPlan) else one for one in found]
    made = merge(list(zip(files, parts, strict=True)))
    lines: Iterable[Text]
    if isinstance(made, StatusDocument):
        lines = status_document_lines(made, full=full)
    else:
        lines = result_lines(made) if isinstance(made, Result) else plan_lines(made, full=full)
    output.print_plan(made, lines, as_json=as_json)
    for one in found:
        if not as_json and isinstance(one, SavedPlan):
            click.echo(f"Planned for {one.lab} on {one.date}.")
    console.exit_with(made.summary.exit_code)

"""Print a plan, and ask whether to do it, in the commands that change Macs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import torchard.session  # noqa: F401  # patches the standard library, so it comes first
from torchard.cli import console, output
from torchard.render.text import plan_lines_of_all, plan_lines_of_macs, result_lines

if TYPE_CHECKING:
    from torchard.plan.plan import Plan
    from torchard.plan.result import Result
    from torchard.session.session import Session


def print_part(
    session: Session, part: Plan, planned: Plan | None, *, full: bool, as_json: bool
) -> None:
    """Print a part of a plan; with the last one comes the plan of all Macs."""
    if as_json:
        return
    session.progress.pause()
    lines = plan_lines_of_macs(part, full=full)
    if planned is None:
        output.print_lines(lines)
    else:
        output.print_plan(planned, (*lines, *plan_lines_of_all(planned)), as_json=False)
        output.print_lock_files(session.workspace.locks.written)
    session.progress.resume()


def print_and_ask(
    session: Session, planned: Plan, command: str, *, full: bool, as_json: bool, yes: bool
) -> None:
    """Print a plan, and ask, unless nothing is to change. Raise TorchardError if it is declined.

    `command` is what to type to see the plan again without changing anything.
    """
    print_part(session, planned, planned, full=full, as_json=as_json)
    if planned.summary.change and not yes and session.interrupted is None:
        session.progress.pause()
        session.until_interrupted(lambda: console.confirm_plan(command, is_shown=not as_json))
        session.progress.resume()


def print_result(planned: Plan, result: Result, *, as_json: bool) -> None:
    """Print what became of a plan."""
    if as_json or planned.summary.change:
        output.print_plan(result, result_lines(result), as_json=as_json)
    else:
        click.echo("Nothing has been changed.")

"""`torchard plan --explain MAC`: why one Mac gets what its plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from torchard.cli import connect, console

if TYPE_CHECKING:
    from pathlib import Path


def explain(lab: Path, name: str, *, locked: bool, as_json: bool) -> NoReturn:
    """Explain the plan of one Mac, and end as its plan alone would; no other is contacted."""
    from torchard.plan.codec import dumps  # noqa: PLC0415
    from torchard.plan.explain import explain as why  # noqa: PLC0415
    from torchard.render.explain import explain_data, explain_lines  # noqa: PLC0415

    with connect.session(lab, (), locked=locked, only=name) as session:
        plan = session.plan()
        told = why(
            session.macs[name],
            plan.macs[0],
            session.targets().get(name),
            session.workspace.lab,
            session.workspace.catalogue,
            session.workspace.locks.written,
        )
    if as_json:
        click.echo(dumps(explain_data(told)))
    else:
        console.print_lines(explain_lines(told))
        click.echo()
        click.echo("Nothing has been changed.")
    console.exit_with(plan.exit_code)

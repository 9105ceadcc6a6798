"""`torchard plan --explain MAC`: the reasons for the plan of one Mac."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from torchard.cli import connect, console, output
from torchard.plan.codec import dumps
from torchard.plan.explain import explain as explain_plan
from torchard.render.explain import explain_lines
from torchard.render.explain_json import explanation_document
from torchard.session.plan import find_targets, make_plan

if TYPE_CHECKING:
    from pathlib import Path


def explain(lab: Path, name: str, *, locked: bool, as_json: bool) -> NoReturn:
    """Explain the plan of one Mac and exit with its code; no other Mac is contacted."""
    with connect.open_session(lab, (), locked=locked, only=name) as session:
        plan = make_plan(session)
        explanation = explain_plan(
            session.macs[name],
            plan.macs[0],
            find_targets(session).get(name),
            session.workspace.lab,
            session.workspace.catalogue,
            session.workspace.locks.written,
        )
    if as_json:
        click.echo(dumps(explanation_document(explanation)))
    else:
        output.print_lines(explain_lines(explanation))
        click.echo()
        click.echo("Nothing has been changed.")
    console.exit_after(session, plan.summary.exit_code)

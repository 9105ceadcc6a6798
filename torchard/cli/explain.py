"""`torchard plan --explain MAC`: the reasons for the plan of one Mac."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NoReturn

import click

from torchard.cli import connect, console, output
from torchard.plan.codec import dumps
from torchard.plan.explain import explain as explain_plan
from torchard.plan.plan import Plan
from torchard.render.explain import explain_lines
from torchard.render.explain_json import explanation_document
from torchard.session.plan import find_targets, isolate, make_plan, plan_without_state

if TYPE_CHECKING:
    from pathlib import Path

    from rich.text import Text

    from torchard.plan.plan import MacPlan
    from torchard.plan.target import Target
    from torchard.session.session import Session


def explain(lab: Path, name: str, *, locked: bool, as_json: bool) -> NoReturn:
    """Explain the plan of one Mac and exit with its code; no other Mac is contacted."""
    with connect.open_session(lab, (), locked=locked, only=name) as session:
        plan, printed = explain_mac(session, name, as_json=as_json)
    if isinstance(printed, str):
        click.echo(printed)
    else:
        output.print_lines(printed)
        click.echo()
        click.echo("Nothing has been changed.")
    console.exit_after(session, plan.summary.exit_code)


def explain_mac(session: Session, name: str, *, as_json: bool) -> tuple[Plan, str | list[Text]]:
    """Return the plan of a Mac, and its explanation as JSON or as lines.

    If the Mac's own data raises in the explanation, the Mac is blocked.
    """
    plan = make_plan(session)
    target = find_targets(session).get(name)
    render = partial(_render, session, as_json=as_json)
    printed = isolate(session, name, lambda: render(plan.macs[0], target))
    if printed is None:
        plan = Plan((plan_without_state(session, name),))
        printed = render(plan.macs[0], None)
    return plan, printed


def _render(
    session: Session, plan: MacPlan, target: Target | None, *, as_json: bool
) -> str | list[Text]:
    """Return the explanation of a plan, as JSON or as lines."""
    workspace = session.workspace
    explanation = explain_plan(
        session.macs[plan.name],
        plan,
        target,
        workspace.lab,
        workspace.catalogue,
        workspace.locks.written,
    )
    if as_json:
        return dumps(explanation_document(explanation))
    return list(explain_lines(explanation))

"""Examine the Macs of a session for what gets in the way. Nothing is written on a Mac."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gevent.pool import Pool

from torchard.errors import TorchardError
from torchard.mac import circumstances
from torchard.plan.blockers import find_mac_blockers
from torchard.plan.findings import Finding, find_mac_findings
from torchard.plan.target import Target
from torchard.plan.warnings import find_mac_warnings
from torchard.remote.limits import limit_probe
from torchard.render.findings import Examination
from torchard.session import inspection
from torchard.session.plan import find_target, isolate
from torchard.workspace.controller import examine_server, list_servers
from torchard.workspace.locks import LockMissingError

if TYPE_CHECKING:
    from torchard.session.session import Session

_SERVERS_AT_ONCE = 8
NOT_LOCKED = (
    "its environments are not locked, so Torchard does not know yet what they need; run"
    " `torchard lock`, then this again"
)


def ask_servers(session: Session) -> list[Finding]:
    """Ask each server that the Macs' artefacts come from, several at once, until a signal."""
    servers = list_servers(tuple(session.macs.values()), session.workspace.catalogue)
    found: list[Finding] = []
    pool = Pool(_SERVERS_AT_ONCE)
    session.until_interrupted(lambda: found.extend(pool.imap(examine_server, servers)))
    return found


def examine_macs(session: Session) -> dict[str, Examination]:
    """Examine every Mac of a session, in the lab's order."""
    session.workspace.states.update(session.states)
    found = {
        name: isolate(session, name, partial(_find_target, session, name))
        for name in list(session.states)
    }
    targets = {name: target for name, target in found.items() if target is not None}
    made: dict[str, Examination] = {}

    def examine(name: str) -> None:
        session.progress.report_mac(name, "examining")
        made[name] = _examine(session, name, targets[name])

    session.each(targets, examine, is_executing=False)
    return {name: made.get(name) or _describe_unreachable(session, name) for name in session.macs}


def _describe_unreachable(session: Session, name: str) -> Examination:
    topic = "blocked" if name in session.unfit else "unreachable"
    finding = Finding("problem", topic, session.reasons[name])
    return Examination("unreachable", None, None, (finding,))


def _examine(session: Session, name: str, target: Target) -> Examination:
    state, mac = session.states[name], session.macs[name]
    ask = partial(session.run_read_only, name)
    try:
        script = circumstances.build_script(mac.miniconda.prefix)
        said = circumstances.parse(ask(script, limit=limit_probe(mac)))
    except TorchardError as error:
        said = circumstances.Circumstances()
        target = replace(target, warnings=(*target.warnings, f"it was read in part: {error}"))
    findings = list(find_mac_findings(target, said))
    if mac.environments and not target.locks and not target.blockers:
        findings.append(Finding("warning", "lock", NOT_LOCKED))
    account = inspection.inspect_account(state, target.locks, ask)
    findings += [Finding("problem", "account", f"{env}: {text}") for env, text in account.failures]
    findings += [Finding("warning", "account", text) for text in account.warnings]
    return Examination("reached", state.arch, state.macos, tuple(findings))


def _find_target(session: Session, name: str) -> Target:
    """Return what a Mac should become. Without locks, what can be said of it at all."""
    try:
        return find_target(session, name)
    except LockMissingError:
        mac, state = session.macs[name], session.states[name]
        workspace = session.workspace
        blockers = find_mac_blockers(mac, workspace.states, workspace.catalogue.oldest_conda)
        warnings = find_mac_warnings(mac, state, workspace.catalogue, time.time())
        return Target(mac, state, blockers=tuple(blockers), warnings=tuple(warnings))

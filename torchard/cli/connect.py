"""Open a session with the Macs that a command is about."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torchard.session  # noqa: F401  # patches the standard library, so it comes first
from torchard.cli import console
from torchard.cli.progress import show_progress
from torchard.lab.select import find_mac, select
from torchard.plan.leftover import find_left_behind
from torchard.plan.rollback import find_macs_with
from torchard.session.session import Session
from torchard.session.signals import install_signal_handlers
from torchard.workspace.bundle import open_lab
from torchard.workspace.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from torchard.lab.model import Lab, MacHost
    from torchard.plan.planfile import SavedPlan
    from torchard.workspace.workspace import Workspace


@contextmanager
def open_session(
    lab: Path,
    limits: Iterable[str],
    report: Path | None = None,
    *,
    locked: bool,
    parallel: int | None = None,
    only: str | None = None,
    rebuild: Sequence[str] = (),
    folder: Path | None = None,
) -> Iterator[Session]:
    """Connect to the selected Macs, read their state, and show progress meanwhile.

    `limits` are names, groups or patterns; `only` is the exact name of one Mac. With `report`, the
    JSON of an apply, only the Macs that it left behind are selected. `rebuild` names environments
    to build again although they are up to date. `folder` has a bundle that stands for the network.
    `parallel` is how many Macs are worked on at a time.
    """
    install_signal_handlers()
    workspace = open_lab(lab, folder, locked=locked)
    macs = select(workspace.lab, limits) if only is None else (find_mac(workspace.lab, only),)
    if report is not None:
        macs = _select_left_behind(report, workspace.lab, macs)
    for environment in rebuild:
        find_macs_with(environment, workspace.lab, macs)
    workspace.rebuild = frozenset(rebuild)
    with _connect(workspace, macs, parallel=parallel) as session:
        yield session


def _select_left_behind(report: Path, lab: Lab, macs: Sequence[MacHost]) -> tuple[MacHost, ...]:
    """Return those of the Macs that an apply left behind; print an error if there are none."""
    names = find_left_behind(report)
    missing = [name for name in names if name not in lab.macs]
    if missing:
        console.print_error(
            f"{report} names {', '.join(missing)}, which {lab.path.name} does not have any more."
        )
    left = tuple(mac for mac in macs if mac.name in names)
    if not left:
        which = "None of these Macs" if names else "Nothing"
        console.print_error(f"{which} failed in {report}.")
    return left


@contextmanager
def open_session_without_locks(
    lab: Path, choose: Callable[[Lab], Sequence[MacHost]]
) -> Iterator[Session]:
    """Connect to the Macs that `choose` returns; no lock file is read or written."""
    install_signal_handlers()
    workspace = open_workspace(lab, locked=True)
    with _connect(workspace, choose(workspace.lab), locks_ahead=False) as session:
        yield session


@contextmanager
def open_planned_session(
    saved: SavedPlan, folder: Path | None = None, *, parallel: int | None = None
) -> Iterator[Session]:
    """Connect to the Macs that a saved plan may change; its lock files must still be there."""
    install_signal_handlers()
    workspace = open_lab(saved.lab, folder, locked=True)
    planned = {mac.name for mac in saved.plan.macs if mac.state not in {"unreachable", "blocked"}}
    macs = [mac for mac in workspace.lab.macs.values() if mac.name in planned]
    with _connect(workspace, macs, parallel=parallel) as session:
        yield session


@contextmanager
def _connect(
    workspace: Workspace,
    macs: Sequence[MacHost],
    *,
    locks_ahead: bool = True,
    parallel: int | None = None,
) -> Iterator[Session]:
    with show_progress() as progress:
        workspace.locks.announce = progress.announce
        workspace.depot.report = progress.report_download
        workspace.depot.announce = progress.announce
        session = Session(workspace, macs, progress, parallel=parallel, locks_ahead=locks_ahead)
        with session:
            yield session

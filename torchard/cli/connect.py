"""Connecting to the Macs that a command is about."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from torchard.cli import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from torchard.lab.model import Lab, MacHost
    from torchard.plan.planfile import Saved
    from torchard.session.session import Session
    from torchard.workspace.workspace import Workspace


@contextmanager
def session(
    lab: Path,
    limits: Iterable[str],
    report: Path | None = None,
    *,
    locked: bool,
    only: str | None = None,
    rebuild: Sequence[str] = (),
) -> Iterator[Session]:
    """Connect to the Macs that are meant and read them, under the eyes of who watches.

    With a report of an apply, only those that it left behind are meant; `only` is one Mac's very
    name. `rebuild` names environments that are to be built again although they are in order.
    """
    # The session first: it patches the standard library before others import it, or use threads.
    from torchard.session.session import heed_signals  # noqa: PLC0415  # isort: skip
    from torchard.lab.select import named  # noqa: PLC0415
    from torchard.lab.select import select as limited  # noqa: PLC0415
    from torchard.plan.rollback import having  # noqa: PLC0415
    from torchard.workspace.workspace import open_workspace  # noqa: PLC0415

    heed_signals()
    workspace = open_workspace(lab, locked=locked)
    macs = limited(workspace.lab, limits) if only is None else (named(workspace.lab, only),)
    if report is not None:
        macs = _left_behind(report, workspace.lab, macs)
    for environment in rebuild:
        having(environment, workspace.lab, macs)
    workspace.rebuild = frozenset(rebuild)
    with _reading(workspace, macs) as opened:
        yield opened


def _left_behind(report: Path, lab: Lab, macs: Sequence[MacHost]) -> tuple[MacHost, ...]:
    """Return those of the Macs that an apply left behind, and say where there are none."""
    from torchard.plan.leftover import left_behind  # noqa: PLC0415

    names = left_behind(report)
    gone = [name for name in names if name not in lab.macs]
    if gone:
        console.print_error(f"{report} names {', '.join(gone)}: not in {lab.path.name} any more.")
    left = tuple(mac for mac in macs if mac.name in names)
    if not left:
        which = "None of these Macs" if names else "Nothing"
        console.print_error(f"{which} failed in {report}.")
    return left


@contextmanager
def session_without_locks(
    lab: Path, choose: Callable[[Lab], Sequence[MacHost]]
) -> Iterator[Session]:
    """Connect to some Macs for what needs no lock file: none is read, and none is made."""
    from torchard.session.session import heed_signals  # noqa: PLC0415  # isort: skip
    from torchard.workspace.workspace import open_workspace  # noqa: PLC0415

    heed_signals()
    workspace = open_workspace(lab, locked=True)
    with _reading(workspace, choose(workspace.lab), ahead=False) as opened:
        yield opened


@contextmanager
def again(saved: Saved, path: Path) -> Iterator[Session]:
    """Connect to the Macs that a saved plan reached; its locks must be those that are there."""
    from torchard.session.session import heed_signals  # noqa: PLC0415  # isort: skip
    from torchard.plan.planfile import lab_of  # noqa: PLC0415
    from torchard.workspace.workspace import open_workspace  # noqa: PLC0415

    heed_signals()
    workspace = open_workspace(lab_of(saved, path), locked=True)
    reached = {mac.name for mac in saved.plan.macs if mac.state not in {"unreachable", "blocked"}}
    macs = [mac for mac in workspace.lab.macs.values() if mac.name in reached]
    with _reading(workspace, macs) as opened:
        yield opened


@contextmanager
def _reading(
    workspace: Workspace, macs: Sequence[MacHost], *, ahead: bool = True
) -> Iterator[Session]:
    from torchard.session.session import Session  # noqa: PLC0415

    with console.watched() as progress:
        workspace.locks.announce = progress.announce
        workspace.depot.tell = progress.fetched
        if ahead:
            workspace.locks.find_ahead(macs)
        with Session(workspace, macs, progress) as opened:
            yield opened

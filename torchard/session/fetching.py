"""Fetch what the later steps of a Mac need while it works on an earlier one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from torchard.operations.fetch_ahead import FetchAhead
from torchard.operations.report import DELIVERED
from torchard.operations.upload import list_missing
from torchard.session.plan import find_target
from torchard.workspace.artefacts import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.lock.lockfile import CondaPackage, Wheel
    from torchard.session.session import Session


@contextmanager
def fetching_ahead(session: Session, name: str) -> Iterator[None]:
    """Let the controller fetch a Mac's packages while Miniconda or another environment is built.

    That begins after the first delivery: what is needed now comes first. An error is left to the
    step that needs the file.
    """
    host = session.hosts[name]
    begun: list[FetchAhead[CondaPackage | Wheel]] = []

    def begin() -> None:
        if not begun:
            wanted = {one.artefact.sha256: one for one in _list_wanted(session, name)}
            begun.append(FetchAhead(session.workspace.artefacts, list(wanted.values())))

    host.connector_data[DELIVERED] = begin
    try:
        yield
    finally:
        del host.connector_data[DELIVERED]
        for one in begun:
            one.stop()


def _list_wanted(session: Session, name: str) -> Iterator[Wanted[CondaPackage | Wheel]]:
    """Yield what neither a Mac nor the depot has yet, in the order of the Mac's steps."""
    target, depot = find_target(session, name), session.workspace.artefacts.depot
    for step in session.workspace.planned[name]:
        if step.kind == "environment" and step.action != "activate" and step.environment:
            lock = target.locks[step.environment]
            packages: tuple[CondaPackage | Wheel, ...] = (*lock.conda, *lock.wheels)
            for one in list_missing(target.state, packages):
                if not depot.has_file(one.sha256):
                    yield Wanted(one, lock, target.mac)

"""Remove the run lock that a dead run left on a Mac."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torchard.errors import TorchardError
from torchard.operations import change_scripts
from torchard.operations.controller import find_controller

if TYPE_CHECKING:
    from torchard.session.session import Session


def remove_lock(session: Session, name: str, holder: str) -> None:
    """Remove the run lock of the dead run `holder` on a Mac. Raise TorchardError if it stays."""

    def remove(name: str) -> None:
        found = find_controller(session.hosts[name].name)
        root = session.macs[name].miniconda.root
        controller = replace(found, ended=holder, root=root)
        session.run(name, change_scripts.remove_lock(controller))

    session.each([name], remove, is_executing=True)
    if name in session.reasons:
        raise TorchardError(f"{name}: {session.reasons[name]}")

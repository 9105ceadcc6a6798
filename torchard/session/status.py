"""The status of a lab's Macs: their plan, what changed since Torchard built them, and the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from torchard.depot.bounds import measure_depot
from torchard.plan.damage import add_all_damage
from torchard.render.status import status_document
from torchard.session.inspection import inspect_all_files, measure_all_sizes
from torchard.session.plan import find_all_drift, find_own_files, make_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.mac.state import KeptFolders
    from torchard.plan.codec import StatusDocument
    from torchard.plan.disk_use import DiskUse
    from torchard.plan.drift import EnvironmentStatus
    from torchard.plan.plan import Plan
    from torchard.session.session import Session


@dataclass(frozen=True)
class LabStatus:
    """What was found on each Mac, by its name; text, JSON and the page are made of it.

    `found` has what changed, `disk` what Torchard's files take, `kept` what people had put into old
    generations. `depot` is what the depot on this computer takes, in bytes.
    """

    plan: Plan
    found: Mapping[str, tuple[EnvironmentStatus, ...]]
    disk: Mapping[str, DiskUse]
    depot: int
    kept: Mapping[str, KeptFolders]

    @property
    def document(self) -> StatusDocument:
        """The same as a document."""
        made = status_document(self.plan, self.found, self.kept)
        return msgspec.structs.replace(made, disk=dict(self.disk), depot=self.depot)


def read_status(session: Session) -> LabStatus:
    """Read the status of every Mac of a session. Nothing is written on any Mac."""
    find_own_files(session, is_for_all=True)
    found = find_all_drift(session)
    planned = make_plan(session, is_inspected=True)
    damage = inspect_all_files(session)
    found = {name: one for name, one in found.items() if name in session.states}
    found = add_all_damage(planned, found, session.states, damage)
    sizes = measure_all_sizes(session)
    names = [mac.name for mac in planned.macs]  # in the lab's order, and not as they answered
    used = {name: sizes[name] for name in names if name in sizes}
    depot = measure_depot(session.workspace.depot.root)
    read = [(name, session.states[name]) for name in names if name in session.states]
    kept = {name: one.kept for name, one in read if one.kept}
    return LabStatus(planned, found, used, depot, kept)

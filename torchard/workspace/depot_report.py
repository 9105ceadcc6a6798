"""What is in the controller's depot, which lab needs it, and what was verified or removed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from torchard.catalog.installers import Installer, choose_installer
from torchard.depot.contents import find_damage, list_artefacts, list_parts, remove_unused
from torchard.lab.load import load_lab
from torchard.resources import shorten_local_path
from torchard.workspace.artefacts import read_digests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from torchard.catalog.rows import Catalogue
    from torchard.depot.contents import Stored

DAY = 86400  # seconds
State = Literal["kept", "whole", "damaged", "removed"]


@dataclass(frozen=True)
class Entry:
    """One artefact in a depot, or a part of a download (`is_part`), and what became of it.

    `used` is when a run last used it, in UTC. `needed_by` are the lock files and the labs that name
    it. `damage` is a clause, empty if there is none or nothing was verified.
    """

    name: str
    sha256: str
    bytes: int
    used: str
    needed_by: tuple[str, ...] = ()
    is_part: bool = False
    state: State = "kept"
    damage: str = ""


@dataclass(frozen=True)
class DepotReport:
    """What a command found in a depot: text, JSON and exit code are read from it.

    With `is_whole` false, the command was interrupted, and did not come to the other artefacts.
    """

    root: str
    entries: tuple[Entry, ...]
    is_whole: bool

    @property
    def bytes(self) -> int:
        """The size of what is in the depot now."""
        return sum(one.bytes for one in self.entries if one.state != "removed")

    @property
    def exit_code(self) -> int:
        """1 if something damaged is still there."""
        return int(any(one.damage and one.state != "removed" for one in self.entries))

    @property
    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        rows = [{**vars(one), "needed_by": list(one.needed_by)} for one in self.entries]
        return {
            "format": 1,
            "kind": "depot",
            "root": self.root,
            "bytes": self.bytes,
            "is_whole": self.is_whole,
            "artefacts": rows,
        }


def find_needed(labs: Iterable[Path], catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Return the sha256 of what labs need, each with the lock files and the labs that name it.

    Of installers, these are the ones for Macs whose arch and macOS the lab says. Raise LabError.
    """
    found: dict[str, list[str]] = {}
    for path in labs:
        lab = load_lab(path)
        for file in sorted((lab.path.parent / "locks" / lab.path.stem).glob("*.json")):
            for sha256 in read_digests(file):
                found.setdefault(sha256, []).append(shorten_local_path(file))
        for mac in lab.macs.values():
            if mac.arch is not None and mac.macos is not None:
                answer = choose_installer(mac.arch, mac.macos, mac.miniconda, catalogue)
                if isinstance(answer, Installer):
                    found.setdefault(answer.sha256, []).append(shorten_local_path(lab.path))
    return {sha256: tuple(dict.fromkeys(names)) for sha256, names in found.items()}


def list_depot(root: Path, needed: Mapping[str, tuple[str, ...]]) -> Iterator[Entry]:
    """Yield what is in a depot, the part that was used last first."""
    for stored, is_part in sorted(_list_all(root), key=lambda one: -one[0].used):
        yield _describe(stored, needed, is_part=is_part)


def verify_depot(
    root: Path, needed: Mapping[str, tuple[str, ...]], *, remove: bool
) -> Iterator[Entry]:
    """Read every artefact and compare its sha256. With `remove`, remove those that are damaged."""
    for stored in list_artefacts(root):
        entry = _describe(stored, needed)
        damage = find_damage(stored)
        is_removed = bool(damage) and remove and remove_unused(root, stored, time.time() + DAY)
        state: State = "removed" if is_removed else "damaged" if damage else "whole"
        yield replace(entry, state=state, damage=damage)


def clean_depot(root: Path, needed: Mapping[str, tuple[str, ...]], days: int) -> Iterator[Entry]:
    """Remove what no run has used for some days and no lab needs. Yield what was there."""
    before = time.time() - days * DAY
    for stored, is_part in _list_all(root):
        entry = _describe(stored, needed, is_part=is_part)
        is_old = stored.used < before and (is_part or not entry.needed_by)
        is_removed = is_old and remove_unused(root, stored, before)
        yield replace(entry, state="removed") if is_removed else entry


def _list_all(root: Path) -> Iterator[tuple[Stored, bool]]:
    yield from ((one, False) for one in list_artefacts(root))
    yield from ((one, True) for one in list_parts(root))


def _describe(
    stored: Stored, needed: Mapping[str, tuple[str, ...]], *, is_part: bool = False
) -> Entry:
    used = datetime.fromtimestamp(stored.used, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = "part of a download" if is_part else ", ".join(stored.names) or "(empty)"
    by = needed.get(stored.sha256, ())
    return Entry(name, stored.sha256, stored.bytes, used, by, is_part)

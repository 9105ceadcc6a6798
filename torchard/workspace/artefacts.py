"""The files that a lab's Macs need: find their addresses and fetch each once into the depot."""

from __future__ import annotations

import re
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from torchard.catalog.installers import Installer
from torchard.depot.bounds import bound_depot, measure_depot
from torchard.depot.bundle import Bundle, form_bundle_url
from torchard.depot.downloads import Downloads
from torchard.lock.addresses import form_conda_url, form_installer_url
from torchard.lock.lockfile import CondaPackage, LockError, Wheel
from torchard.lock.web_addresses import require_web_address
from torchard.plain_files import open_plain
from torchard.workspace.locks import nightly_index

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torchard.catalog.rows import Catalogue
    from torchard.depot.depot import Depot
    from torchard.lab.model import Lab, MacHost
    from torchard.lock.lockfile import Lock
    from torchard.plan.plan import Plan

DOWNLOADS = 16  # at most at once: a server may bound them for one address
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
# The digest of a lock, and the mirrors of wheels and of nightly builds.
_Query: TypeAlias = "tuple[str, str | None, str | None]"
GIGABYTE = 10**9
LARGEST_LOCK = 64 * 2**20  # bytes of a lock file that are read
_SHA256 = re.compile(rb"\b[0-9a-f]{64}\b")


def read_locked_digests(folder: Path) -> set[str]:
    """Return every sha256 in the lock files below a folder, whatever their format."""
    found: set[str] = set()
    for path in folder.rglob("*.json"):
        found.update(read_digests(path))
    return found


def read_digests(path: Path) -> set[str]:
    """Return every sha256 in a lock file, whatever its format."""
    with suppress(OSError), open_plain(path) as file:
        return {one.decode() for one in _SHA256.findall(file.read(LARGEST_LOCK))}
    return set()


class Wanted(NamedTuple, Generic[A]):
    """An artefact, and what its address depends on: the lock of a package, and a Mac's mirrors."""

    artefact: A
    lock: Lock | None
    mac: MacHost


class Ahead(Protocol[A_co]):
    """Artefacts that are fetched ahead of the one that takes them, in their order."""

    @property
    def next(self) -> A_co | None:
        """The artefact that `take` waits for; None after the last one."""

    def take(self) -> Path:
        """Return the file of the next artefact, once it is there. Raise what its fetch raised."""

    def stop(self) -> None:
        """Fetch no more."""


@dataclass
class Artefacts:
    """The artefacts of a lab: installers, conda packages and wheels, kept in the depot."""

    catalogue: Catalogue
    depot: Depot
    _guard: threading.Lock = field(default_factory=threading.Lock)
    # One for each file that is fetched. A file always has the same one, so it is fetched once.
    _turns: tuple[threading.Lock, ...] = field(
        default_factory=lambda: tuple(threading.Lock() for _ in range(DOWNLOADS))
    )
    _total: Downloads = field(init=False)
    _queries: dict[_Query, threading.Lock] = field(default_factory=dict)
    _addresses: dict[_Query, dict[tuple[str, str], str] | LockError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Add up what is fetched at the same time."""
        self._total = Downloads(self._report)

    def _report(self, what: str, done: int, total: int) -> None:
        self.depot.report(what, done, total)  # as a command has set it by now

    def mark_fetched(self, plan: Plan) -> Plan:
        """Return a plan that knows which of its artefacts the depot already holds."""
        wanted = {
            one.sha256
            for mac in plan.macs
            for step in mac.steps
            for one in step.packages
            if one.sha256 and one.bytes
        }
        return replace(plan, in_depot=frozenset(filter(self.depot.has_file, wanted)))

    def bound_depot(self, lab: Lab) -> None:
        """Keep the depot within the lab's bound; what a lock beside the lab names stays.

        A bundle has no bound, and nothing in its folder is removed.
        """
        if isinstance(self.depot, Bundle):
            return
        limit = max(mac.keep.depot for mac in lab.macs.values()) * GIGABYTE
        if measure_depot(self.depot.root) > limit:
            bound_depot(self.depot.root, limit, read_locked_digests(lab.path.parent / "locks"))

    def expect(self, artefacts: Iterable[CondaPackage | Wheel | Installer]) -> None:
        """Count artefacts that are about to be fetched, so that the progress has all their bytes.

        No lock says the size of an installer, which counts once its server has said it.
        """
        self._total.expect(
            (one.sha256, one.file, one.size)
            for one in artefacts
            if not isinstance(one, Installer) and not self.depot.has_file(one.sha256)
        )

    def abandon(self, artefacts: Iterable[CondaPackage | Wheel | Installer]) -> None:
        """Count artefacts no more that will not be fetched."""
        self._total.abandon(one.sha256 for one in artefacts)

    def fetch(
        self, artefact: CondaPackage | Wheel | Installer, lock: Lock | None, mac: MacHost
    ) -> Path:
        """Return the file of an artefact in the depot, fetched and verified if it was not there.

        `lock` is that of a package, None for an installer. At most DOWNLOADS are fetched at once.
        A file that is there, and a query of the wheel index, take no turn from another one.
        """
        with ExitStack() as turn:

            def take_turn() -> str:
                url = self._form_url(artefact, lock, mac)
                turn.enter_context(self._turns[int(artefact.sha256[:8], 16) % DOWNLOADS])
                return url

            path = self.depot.fetch(
                artefact.file,
                artefact.sha256,
                None if isinstance(artefact, Installer) else artefact.size,
                take_turn,
                partial(self._total.count, artefact.sha256, artefact.file),
            )
            self._total.finish(artefact.sha256)
            return path

    def find_url(
        self, artefact: CondaPackage | Wheel | Installer, lock: Lock | None, mac: MacHost
    ) -> str:
        """Return the URL from which a Mac itself fetches an artefact. Raise TorchardError.

        `lock` is that of a package, None for an installer.
        """
        if mac.delivery.way == "url":
            url = form_bundle_url(mac.delivery.url, artefact.sha256, artefact.file)
        else:
            url = self._form_url(artefact, lock, mac)
        return require_web_address(url, artefact.file)

    def _form_url(
        self, artefact: CondaPackage | Wheel | Installer, lock: Lock | None, mac: MacHost
    ) -> str:
        if isinstance(artefact, CondaPackage):
            return form_conda_url(artefact, mac.mirrors)
        if isinstance(artefact, Installer):
            return form_installer_url(artefact, mac.mirrors)
        if lock is None:
            raise AssertionError("a wheel is from a lock")
        return self._wheel_address(artefact, lock, mac)

    def _wheel_address(self, wheel: Wheel, lock: Lock, mac: MacHost) -> str:
        """Return a wheel's URL. The index is queried once for all wheels of a lock.

        Only these wait for its answer. It is kept, also if it is an error.
        """
        from torchard.lock.wheels import find_addresses  # noqa: PLC0415  # few runs fetch

        key = (lock.digest, mac.mirrors.wheels, mac.mirrors.nightly)
        with self._guard:
            query = self._queries.setdefault(key, threading.Lock())
        with query:
            if key not in self._addresses:
                nightly = nightly_index(mac, self.catalogue)
                try:
                    self._addresses[key] = find_addresses(lock, mac.mirrors, nightly)
                except LockError as error:
                    self._addresses[key] = error
            answer = self._addresses[key]
        if isinstance(answer, LockError):
            raise answer
        found = answer.get((wheel.file, wheel.sha256))
        if found is None:
            raise LockError(
                f"The wheel index no longer offers {wheel.file} with the sha256 {wheel.sha256} of"
                " the lock.",
                "Make a new lock: `torchard lock --upgrade`.",
            )
        return found

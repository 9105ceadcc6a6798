"""Write a lab's bundle, and use one in place of the network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from torchard.catalog.installers import choose_installer
from torchard.catalog.mac_class import find_mac_class
from torchard.catalog.variant import Refusal
from torchard.depot.bundle import (
    Bundle,
    BundledFile,
    BundledLock,
    BundleError,
    Index,
    put_content,
    put_file,
    remove_unnamed,
    writing,
)
from torchard.errors import TorchardError
from torchard.lock.codec import MAX_BYTES, parse_lock
from torchard.lock.lockfile import LockFileError, lock_path
from torchard.plain_files import open_plain
from torchard.resources import shorten_local_path
from torchard.workspace.artefacts import Wanted
from torchard.workspace.locks import write_lock
from torchard.workspace.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from torchard.catalog.installers import Installer
    from torchard.catalog.mac_class import MacClass
    from torchard.lab.model import Lab, MacHost
    from torchard.lock.lockfile import CondaPackage, Wheel
    from torchard.mac.state import MacState
    from torchard.workspace.artefacts import Ahead, Artefacts
    from torchard.workspace.workspace import Workspace

    Artefact = CondaPackage | Wheel | Installer
    WantedFile = Wanted[Artefact]


@dataclass(frozen=True)
class _MacOfClass:
    """A Mac, its arch and macOS, and its class."""

    mac: MacHost
    arch: str
    macos: str
    group: MacClass


@dataclass(frozen=True)
class BundleReport:
    """What a bundle has of a lab.

    `new` and `removed` are the bytes that were written and removed now. `damage` are clauses.
    `errors` are sentences on why the bundle was not written. With `is_whole` false, the work was
    interrupted, and only what comes before was written or read.
    """

    folder: str
    lab: str
    locks: int
    artefacts: int
    bytes: int
    new: int = 0
    removed: int = 0
    damage: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def exit_code(self) -> int:
        """1 if a file is damaged, or the bundle was not written."""
        return int(bool(self.damage or self.errors))

    @property
    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        rows = {**vars(self), "damage": list(self.damage), "errors": list(self.errors)}
        return {"format": 1, "kind": "bundle", **rows}


def begin_report(folder: Path, lab: Lab) -> BundleReport:
    """Return the report of a bundle of which nothing was written yet."""
    folder = folder.expanduser().absolute()
    return BundleReport(str(folder), lab.path.stem, locks=0, artefacts=0, bytes=0, is_whole=False)


def write_bundle(
    workspace: Workspace,
    states: Mapping[str, MacState],
    folder: Path,
    begin: Callable[[Artefacts, Sequence[WantedFile]], Ahead[Artefact]],
    *,
    clean: bool = False,
) -> Iterator[BundleReport]:
    """Write all that a lab needs to a folder: its locks must be up to date.

    Yield a report after each file, of what is there so far, and the whole report at the end.
    `states` are those of the Macs whose arch and macOS the lab does not say. `begin` begins to
    fetch files. The index comes last.
    What is there already is read, compared and kept. With `clean`, what no lab's index in the
    folder names is removed then. Raise TorchardError.
    """
    report = begin_report(folder, workspace.lab)
    folder, lab = folder.expanduser().absolute(), report.lab
    with writing(folder):
        artefacts: dict[str, BundledFile] = {}
        macs = list(_list_macs(workspace, states))
        wanted = {one.artefact.sha256: one for one in _list_artefacts(workspace, macs)}
        ahead = begin(workspace.artefacts, list(wanted.values()))
        try:
            while (artefact := ahead.next) is not None:
                path, sha256 = ahead.take(), artefact.sha256
                one = BundledFile(artefact.file, sha256, path.stat().st_size)
                new = put_file(path, folder / one.path, sha256)
                artefacts[sha256] = one
                report = _add(report, one.size, new, artefacts=1)
                yield report
        finally:
            ahead.stop()
        locks = []
        named = [(name, one.group) for one in macs for name in one.mac.environments]
        for environment, group in dict.fromkeys(named):
            path = workspace.locks.path(environment, group)
            content = path.read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            new = put_file(path, folder / "locks" / lab / path.name, sha256)
            locks.append(BundledLock(path.name, sha256, len(content)))
            report = _add(report, len(content), new, locks=1)
            yield report
        index = Index(
            1,
            lab,
            tuple(sorted(locks, key=lambda one: one.name)),
            tuple(sorted(artefacts.values(), key=lambda one: (one.name, one.sha256))),
        )
        text = msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n"
        put_content(text, folder / "index" / f"{lab}.json")
        removed = remove_unnamed(folder)[1] if clean else 0
    yield replace(_report(open_bundle(folder, workspace.lab.path)), new=report.new, removed=removed)


def verify_bundle(folder: Path, lab: Path) -> Iterator[BundleReport]:
    """Read every file of a lab's bundle. Raise BundleError if the folder has no bundle of the lab.

    Yield a report before the first file and after each one, and the whole report at the end.
    """
    bundle = Bundle(folder, lab)
    report = replace(_report(bundle), is_whole=False)
    yield report
    for file in bundle.paths():
        damage = bundle.find_damage(file)
        report = replace(report, damage=(*report.damage, damage)) if damage else report
        yield report
    yield replace(report, is_whole=True)


def open_bundle(folder: Path, lab: Path) -> Bundle:
    """Return the bundle of a lab file. Raise BundleError unless it has all its files."""
    bundle = Bundle(folder, lab)
    bundle.require_files()
    return bundle


def open_lab(lab: Path, folder: Path | None, *, locked: bool, replace: bool = False) -> Workspace:
    """Open a lab; with a `folder`, with the bundle there in place of the network.

    Lock files that the lab lacks are taken from the bundle unless `locked`; with `replace`, also
    those that differ.
    """
    if folder is None:
        return open_workspace(lab, locked=locked)
    bundle = open_bundle(folder, lab)
    workspace = open_workspace(lab, locked=True, depot=bundle)
    use_bundled_locks(workspace, bundle, replace=replace, write=not locked)
    return workspace


def use_bundled_locks(workspace: Workspace, bundle: Bundle, *, replace: bool, write: bool) -> None:
    """Put the bundle's lock files beside the lab where it has none, or with `replace` other ones.

    Raise BundleError where the lab has another lock, or a file is not the lock that its name says.
    Nothing is written then.
    """
    workspace.locks.remedy = f"Run `{bundle.command}` where there is a network."
    new: dict[Path, bytes] = {}
    for path, content in _read_bundled_locks(workspace, bundle):
        own = _read_own_lock(path)
        if own == content:
            continue
        if write and (replace or own is None):
            new[path] = content
        elif own is not None:
            raise BundleError(
                f"{shorten_local_path(path)} is not the lock in the bundle {bundle.root}.",
                f"Run `torchard lock {shorten_local_path(workspace.lab.path)} --depot"
                f" {bundle.root}` to take the bundle's, or `{bundle.command}` where there is a"
                " network to bundle this one.",
            )
    for path, content in new.items():
        write_lock(path, content.decode())
        workspace.locks.written.add(path)


def _read_bundled_locks(workspace: Workspace, bundle: Bundle) -> Iterator[tuple[Path, bytes]]:
    """Yield the content of each lock for an environment of the lab, and its path beside the lab."""
    folder = bundle.root / "locks" / bundle.lab
    for one in bundle.index.locks:
        if not any(one.name.startswith(f"{name}.") for name in workspace.lab.environments):
            continue  # the lab does not have the environment any more
        content = bundle.read_lock(one)
        try:
            lock = parse_lock(content, str(folder / one.name))
        except LockFileError as error:
            raise BundleError(error.message, workspace.locks.remedy) from error
        if lock.environment not in workspace.lab.environments:
            continue
        path = lock_path(workspace.lab.path, lock.environment, lock.mac_class)
        if path.name != one.name:
            raise BundleError(
                f"{folder / one.name} is a lock of {lock.environment} for {lock.mac_class}.",
                workspace.locks.remedy,
            )
        yield path, content


def _read_own_lock(path: Path) -> bytes | None:
    """Return the beginning of a lab's lock file; None if there is none."""
    try:
        with open_plain(path) as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockFileError(f"{path} cannot be read: {error.strerror or error}.") from error


def _add(
    report: BundleReport, size: int, new: int, *, locks: int = 0, artefacts: int = 0
) -> BundleReport:
    """Return a report with one file more, of `size` bytes; `new` of them were written."""
    return replace(
        report,
        locks=report.locks + locks,
        artefacts=report.artefacts + artefacts,
        bytes=report.bytes + size,
        new=report.new + new,
    )


def _report(bundle: Bundle) -> BundleReport:
    size = sum(size for _, _, size in bundle.paths())
    locks, artefacts = len(bundle.index.locks), len(bundle.index.artefacts)
    return BundleReport(str(bundle.root), bundle.lab, locks, artefacts, size)


def _list_artefacts(workspace: Workspace, macs: Sequence[_MacOfClass]) -> Iterator[WantedFile]:
    """Yield all that the Macs need."""
    for one in macs:
        installer = choose_installer(one.arch, one.macos, one.mac.miniconda, workspace.catalogue)
        if isinstance(installer, Refusal):
            raise TorchardError(f"{one.mac.name}: {installer.reason}", installer.instead)
        yield Wanted(installer, None, one.mac)
        for name in one.mac.environments:
            lock = workspace.locks.find(workspace.lab.environments[name], one.group, one.mac)
            packages: tuple[CondaPackage | Wheel, ...] = (*lock.conda, *lock.wheels)
            for package in packages:
                yield Wanted(package, lock, one.mac)


def _list_macs(workspace: Workspace, states: Mapping[str, MacState]) -> Iterator[_MacOfClass]:
    """Yield the Macs that have environments, with their arch and macOS as the lab says or was read.

    A Mac whose class is not known has an error among its locks.
    """
    for mac in workspace.lab.macs.values():
        state = states.get(mac.name)
        arch = mac.arch or (state and state.arch)
        macos = mac.macos or (state and state.macos)
        if mac.environments and arch and macos:
            group = find_mac_class(arch, macos, workspace.catalogue)
            if not isinstance(group, Refusal):
                yield _MacOfClass(mac, arch, macos, group)

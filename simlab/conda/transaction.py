"""Fetches packages into the cache and links them into a prefix, with py-rattler."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from simlab.conda import binaries, history, running
from simlab.conda.failure import CondaError
from simlab.conda.root import require_writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rattler import RepoDataRecord

    from simlab.conda.root import Root

_EXPLICIT = re.compile(
    r"(?P<url>[^#]+\.(?:conda|tar\.bz2))(?:#(?:sha256:)?(?P<hash>[0-9a-f]{32,64}))?"
)


@dataclass(frozen=True)
class Wanted:
    """A package by its URL. `hash` is 32 hex digits of md5, 64 of sha256, or nothing."""

    url: str
    hash: str = ""

    @property
    def file(self) -> str:
        """The archive's name."""
        return unquote(urlsplit(self.url).path.rpartition("/")[2])

    @property
    def channel(self) -> str:
        """The URL of the channel, without the subdir."""
        return self.url.rpartition("/")[0].rpartition("/")[0]


def read_explicit(path: Path) -> list[Wanted] | None:
    """Read an explicit file; None for a file without @EXPLICIT, which is a list of specs."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise CondaError("CondaFileIOError", f"'{path}'. {error.strerror}") from error
    lines = [line for line in lines if line and not line.startswith("#")]
    if "@EXPLICIT" not in lines:
        return None
    wanted = []
    for line in lines:
        match = _EXPLICIT.fullmatch(line)
        if match:
            wanted.append(Wanted(match["url"], match["hash"] or ""))
        elif line != "@EXPLICIT":
            raise CondaError("ParseError", f"Could not parse explicit URL: {line}")
    return wanted


def fetch(root: Root, wanted: Wanted) -> Path:
    """Return a package's archive in the cache.

    Like the real one, it checks a hash only of what it downloads: not of file:// URLs, and not of
    an archive that the cache has already. Raise CondaError.
    """
    for folder in root.pkgs_dirs:
        if (folder / wanted.file).exists():
            return folder / wanted.file
    root.pkgs.mkdir(parents=True, exist_ok=True)
    target = root.pkgs / wanted.file
    if wanted.url.startswith("file://"):
        source = Path(unquote(urlsplit(wanted.url).path))
        if not source.is_file():
            raise CondaError("CondaHTTPError", f"HTTP 404 NOT FOUND for url <{wanted.url}>")
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return target
    content = _download(wanted.url)
    if wanted.hash:
        kind = "md5" if len(wanted.hash) == 32 else "sha256"
        actual = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
        if actual != wanted.hash:
            message = (
                "Conda detected a mismatch between the expected content and downloaded content\n"
                f"for url '{wanted.url}'.\n"
                f"  expected {kind}: {wanted.hash}\n  actual {kind}: {actual}"
            )
            raise CondaError("ChecksumMismatchError", message, url=wanted.url)
    target.write_bytes(content)
    return target


def _download(url: str) -> bytes:
    import urllib.error  # noqa: PLC0415 (a package of the Mac's own depot needs no network)
    import urllib.request  # noqa: PLC0415

    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 (http, or refused)
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise CondaError(
            "CondaHTTPError", f"HTTP {error.code} {error.reason} for url <{url}>"
        ) from error
    except (OSError, ValueError) as error:
        raise CondaError("CondaHTTPError", f"Connection failed for url <{url}>: {error}") from error


def installed(prefix: Path) -> dict[str, dict[str, Any]]:
    """Return the records of an environment by package name. Raise CondaError for a broken one."""
    records = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            records[str(record["name"])] = dict(record)
        except (ValueError, KeyError, TypeError) as error:
            message = f"The target environment has been corrupted. Corrupted file: {path}"
            raise CondaError(
                "CorruptedEnvironmentError", message, corrupted_file=str(path)
            ) from error
    return records


def link(
    root: Root,
    prefix: Path,
    new: Sequence[Wanted],
    *,
    keep: Iterable[str] | None = None,
    requested: Mapping[str, str] | None = None,
    again: bool = False,
) -> list[str]:
    """Link packages into a prefix; return the history's lines of what changed.

    Of what is there stays what `keep` names (all of it, for None), less what is replaced. `again`
    links what is there already once more. Raise CondaError.
    """
    root.settings.validate()
    require_writable(prefix)
    custom = root.settings.merged.get("custom_channels") or {}
    if any(one.channel.rpartition("/")[2] in custom for one in new):
        # conda looks the packages up under the custom channel's address, and finds none.
        raise CondaError("SpecNotFoundInPackageCache", "No package cache records found")
    is_new = not os.path.lexists(prefix)
    before = installed(prefix)
    asyncio.run(_link(root, prefix, new, set(before if keep is None else keep), again=again))
    (prefix / "CACHEDIR.TAG").unlink(missing_ok=True)
    linked = _finish(prefix, {one.file: one for one in new}, requested or {}, copy=_copies(root))
    try:
        for record in linked:
            running.after_linking(root, prefix, record, _dist(root, record))
    except CondaError:
        _undo(root, prefix, before, is_new=is_new)
        raise
    after = installed(prefix)
    gone = [before[name] for name in sorted(before) if before[name] != after.get(name)]
    come = [after[name] for name in sorted(after) if after[name] != before.get(name)]
    same = {_dist(root, one) for one in gone} & {_dist(root, one) for one in come}
    lines = [f"-{_dist(root, one)}" for one in gone] + [f"+{_dist(root, one)}" for one in come]
    return [line for line in lines if line[1:] not in same]


def _undo(root: Root, prefix: Path, before: Mapping[str, Any], *, is_new: bool) -> None:
    """Put back what was there before a transaction that failed."""
    if is_new:
        shutil.rmtree(prefix)
        return
    lost = [one for name, one in before.items() if installed(prefix).get(name) != one]
    wanted = [Wanted(str(one["url"])) for one in lost]
    kept = set(before) - {str(one["name"]) for one in lost}
    asyncio.run(_link(root, prefix, wanted, kept, again=False))
    _finish(prefix, {one.file: one for one in wanted}, {}, copy=_copies(root))


def _copies(root: Root) -> bool:
    """Tell whether files are copies: where the settings say so, or nothing can be linked.

    conda tries one link first, and copies where that fails (conda/core/link.py,
    `determine_link_type`).
    """
    return root.settings.flag("always_copy") or root.mac.get("hard_links") is False


async def _link(
    root: Root, prefix: Path, new: Sequence[Wanted], keep: set[str], *, again: bool
) -> None:
    import rattler  # noqa: PLC0415 (56 ms that `conda --version` need not spend)
    from rattler import MatchSpec, PrefixRecord, RepoDataRecord, Subdir  # noqa: PLC0415

    disallowed = [MatchSpec(one) for one in root.settings.texts("disallowed_packages")]
    archives = [fetch(root, one) for one in new]
    records: list[RepoDataRecord] = []
    for path, one in zip(archives, new, strict=True):
        try:
            record = await RepoDataRecord.from_package_archive(path)
        except Exception as error:
            raise CondaError(
                "CondaVerificationError", f"{path.name} is corrupted: {error}"
            ) from error
        # A package of a subdir that does not fit is installed without a word, as by the real one.
        record.url = path.as_uri()
        record.channel = one.channel
        if any(spec.matches(record) for spec in disallowed):
            message = (
                f"The package '{one.channel}::{path.stem}' is disallowed by configuration.\n"
                "See 'conda config --show disallowed_packages'."
            )
            raise CondaError("DisallowedPackageError", message)
        records.append(record)
    names = {record.name.normalized for record in records}
    have = [PrefixRecord.from_path(path) for path in sorted((prefix / "conda-meta").glob("*.json"))]
    stay = [one for one in have if one.name.normalized in keep - names]
    try:
        await rattler.install(
            [*stay, *records],
            target_prefix=prefix,
            cache_dir=root.pkgs,
            installed_packages=have,
            reinstall_packages=names if again else None,
            platform=Subdir(root.subdir),
            show_progress=False,
        )
    except Exception as error:
        raise CondaError("CondaVerificationError", str(error)) from error
    await asyncio.sleep(0.01)  # a short process may otherwise die at exit


def _finish(
    prefix: Path, new: Mapping[str, Wanted], requested: Mapping[str, str], *, copy: bool
) -> list[dict[str, Any]]:
    """Put into the new records where they came from, as it was given, and what was asked for.

    Finish their files, and return the records.
    """
    found = []
    for path in (prefix / "conda-meta").glob("*.json"):
        stem = path.name.removesuffix(".json")
        wanted = new.get(f"{stem}.conda") or new.get(f"{stem}.tar.bz2")
        if wanted is None:
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        record["url"], record["channel"] = wanted.url, f"{wanted.channel}/{record['subdir']}"
        if record["name"] in requested:
            record["requested_spec"] = requested[record["name"]]
        binaries.finish(prefix, record, copy=copy)
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        found.append(record)
    return found


def channel_of(record: Mapping[str, Any]) -> str:
    """Return the URL of the channel that a record says it came from."""
    channel = str(record.get("channel", "")).rstrip("/")
    return channel.removesuffix(f"/{record['subdir']}")


def _dist(root: Root, record: Mapping[str, Any]) -> str:
    channel = root.channel_name(channel_of(record))
    return f"{channel}/{record['subdir']}::{record['name']}-{record['version']}-{record['build']}"


def pinned(root: Root, prefix: Path, files: Iterable[str]) -> list[str]:
    """Return the specs that an explicit file leaves in the history: every package, to its build."""
    stems = {file.removesuffix(".conda").removesuffix(".tar.bz2") for file in files}
    specs = []
    for record in installed(prefix).values():
        if f"{record['name']}-{record['version']}-{record['build']}" in stems:
            channel = root.channel_name(channel_of(record))
            where = f"{channel}/{record['subdir']}"
            specs.append(f"{where}::{record['name']}=={record['version']}={record['build']}")
    return specs


def holding(prefix: Path) -> dict[str, str]:
    """Return the specs of the history that are about packages that are there."""
    have = installed(prefix)
    return {name: spec for name, spec in history.requested(prefix).items() if name in have}

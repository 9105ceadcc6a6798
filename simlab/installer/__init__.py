"""The installers of the simulated Macs, with the manners of Miniconda and of Miniforge."""

from __future__ import annotations

import bz2
import datetime as dt
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from simlab import channel, python
from simlab.package import SUBDIRS, File, byte_code, tar, zipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rattler import RepoDataRecord

CHANNEL = "https://conda.anaconda.org/conda-forge"
_HEADER = 9  # digits of the header's own size


@dataclass(frozen=True)
class Release:
    """What an installer stands for; `floor` is the oldest macOS that it accepts.

    Miniconda's base takes its packages from `defaults` and asks for Anaconda's terms; Miniforge's
    takes them from conda-forge, and asks for none.
    """

    arch: str
    file: str
    version: str
    floor: str
    name: str = "Miniconda3"

    @property
    def key(self) -> str:
        """What a depot finds it by."""
        return self.arch if self.name == "Miniconda3" else f"miniforge-{self.arch}"


RELEASES = (
    Release("arm64", "Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh", "26.5.3-1", "12.1"),
    Release("x86_64", "Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh", "25.7.0-2", "10.13"),
    Release("arm64", "Miniforge3-26.3.2-3-MacOSX-arm64.sh", "26.3.2-3", "11.0", "Miniforge3"),
    Release("x86_64", "Miniforge3-26.3.2-3-MacOSX-x86_64.sh", "26.3.2-3", "11.0", "Miniforge3"),
)


def write(release: Release, directory: Path, channel_root: Path) -> Path:
    """Write one installer into `directory`, from the packages of a written channel."""
    subdir = SUBDIRS[release.arch]
    specs = base_specs(release)
    archives = _archives(specs, subdir, channel_root)
    payload = tar(_payload(release, specs, archives))
    program = _program(subdir)
    header = _header(release, program, payload)
    path = directory / release.file
    path.write_bytes(header + program + payload)
    path.chmod(0o755)
    return path


def base_specs(release: Release) -> list[str]:
    """Return the specs of the base environment, as its history holds them."""
    version = release.version.partition("-")[0]
    python = next(row["python"] for row in channel.rows()["conda"] if row["version"] == version)
    terms = ["conda-anaconda-tos"] if release.name == "Miniconda3" else []
    return [f"conda=={version}", f"python=={python}", "pip", *terms]


def _archives(specs: Sequence[str], subdir: str, root: Path) -> dict[str, bytes]:
    """Return the base's archives by SUBDIR/FILE, in the order in which they are linked."""
    return {
        f"{record.subdir}/{record.file_name}": (
            root / record.subdir / record.file_name
        ).read_bytes()
        for record in _solve(specs, subdir, root)
    }


def _solve(specs: Sequence[str], subdir: str, root: Path) -> Sequence[RepoDataRecord]:
    import asyncio  # noqa: PLC0415 (rattler is only loaded where something is built)

    import rattler  # noqa: PLC0415

    async def solve() -> list[RepoDataRecord]:
        system = rattler.GenericVirtualPackage(
            rattler.PackageName("__osx"), rattler.Version("11.0"), rattler.BuildString("0")
        )
        unix = rattler.GenericVirtualPackage(
            rattler.PackageName("__unix"), rattler.Version("0"), rattler.BuildString("0")
        )
        found = await rattler.solve(
            [rattler.Channel(root.as_uri())],
            [rattler.MatchSpec(spec) for spec in specs],
            gateway=rattler.Gateway(),
            platforms=[subdir, "noarch"],
            virtual_packages=[system, unix],
            timeout=dt.timedelta(seconds=60),
        )
        await asyncio.sleep(0.01)  # a short process may otherwise die at exit
        return sorted(found, key=lambda record: record.file_name)

    return asyncio.run(solve())


def _payload(
    release: Release, specs: Sequence[str], archives: Mapping[str, bytes]
) -> dict[str, File]:
    own = "defaults" if release.name == "Miniconda3" else "conda-forge"
    urls = "".join(f"{CHANNEL}/{path}\n" for path in archives)
    stems = [path.removesuffix(".conda").removesuffix(".tar.bz2") for path in archives]
    log = "".join(f"+conda-forge/{stem.replace('/', '::')}\n" for stem in stems)
    after = (
        f"==> 2026-01-01 00:00:00 <==\n# cmd: constructor\n{log}# update specs: {list(specs)!r}\n"
    )
    before = {"conda-meta/history": File(b"")}
    afterwards = {
        "conda-meta/history": File(after.encode()),
        "conda-meta/initial-state.explicit.txt": File(f"@EXPLICIT\n{urls}".encode()),
        ".condarc": File(f"channels:\n  - {own}\n".encode()),
        ".nonadmin": File(b""),
    }
    return {
        "LICENSE.txt": File(
            f"A simulated {release.name}, made by simlab; not the real one.\n".encode()
        ),
        "preconda.tar.bz2": File(bz2.compress(tar(before))),
        "postconda.tar.bz2": File(bz2.compress(tar(afterwards))),
        "pkgs/env.txt": File(f"@EXPLICIT\n{urls}".encode()),
        **{f"pkgs/{path.partition('/')[2]}": File(one) for path, one in archives.items()},
        # Last, so that a flipped byte in it differs from one that matters.
        "pkgs/urls.txt": File(urls.encode()),
    }


def _program(subdir: str) -> bytes:
    """Return `_conda`: an archive that a python runs."""
    main = (resources.files("simlab") / "installer" / "link.py").read_text(encoding="utf-8")
    files = {**channel.conda_modules(), "__main__.py": main.replace("@subdir@", subdir).encode()}
    compiled = {f"{path}c": byte_code(path, source) for path, source in files.items()}
    return zipped({**compiled, **files})  # another python's byte code is passed over


def _header(release: Release, program: bytes, payload: bytes) -> bytes:
    folder = resources.files("simlab") / "installer"
    text = (folder / "header.sh").read_text(encoding="utf-8")
    # The search for the host's python comes after the header's own first lines.
    first, _, rest = text.partition("set -eu\n")
    search = python.wrapper("").partition("\n")[2]
    values = {
        "file": release.file,
        "floor": release.floor,
        "name": release.name,
        "default": release.name.lower(),
        "version": release.version,
        "arch": release.arch,
        "needed": str(3 * len(payload) + 50 * 1024 * 1024),
        "program": str(len(program)),
        "md5": hashlib.md5(payload, usedforsecurity=False).hexdigest(),
    }
    text = f"{first}set -eu\n{search}{rest}"
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    size = len(text.replace("@header@", "0" * _HEADER).encode())
    return text.replace("@header@", f"{size:>{_HEADER}}").encode()

"""A Miniconda of any python and conda, such as people installed years ago.

Its packages are python and conda alone, and no installer wrote it; for the rest it is a whole one:
its programs run, its history ends as an installer's does, and conda answers as its version.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from simlab import channel, python
from simlab.package import SUBDIRS, File

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_URL = "https://repo.anaconda.com/pkgs/main"


def build(prefix: Path, arch: str, *, python_version: str, conda_version: str) -> None:
    """Make a base at `prefix`, which is new: `python_version` is X.Y.Z, `arch` that of the Mac.

    The interpreter refuses syntax that is newer than its version in what it is started with.
    """
    short = python_version.rpartition(".")[0]
    packages = {
        ("python", python_version): python.files(python_version, arch),
        ("conda", conda_version): channel.conda_files(conda_version, short),
    }
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True)
    lines = []
    for (name, version), files in packages.items():
        _write(prefix, files)
        record = _record(name, version, short, arch, files)
        stem = f"{name}-{version}-{record['build']}"
        (meta / f"{stem}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        lines.append(f"+defaults/{record['subdir']}::{stem}")
    specs = [f"conda=={conda_version}", f"python=={python_version}"]
    text = ["==> 2019-11-01 00:00:00 <==", "# cmd: constructor", *lines]
    text.append(f"# update specs: {specs!r}")
    (meta / "history").write_text("\n".join([*text, ""]), encoding="utf-8")
    (prefix / ".condarc").write_text("channels:\n  - defaults\n", encoding="utf-8")
    (prefix / "envs").mkdir()
    (prefix / "pkgs").mkdir()


def _write(prefix: Path, files: Mapping[str, File]) -> None:
    for path, file in files.items():
        target = prefix / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.link:
            target.symlink_to(file.link)
            continue
        content = file.content
        if file.prefix:
            content = content.replace(file.prefix.encode(), str(prefix).encode())
        target.write_bytes(content)
        target.chmod(0o755 if file.executable else 0o644)


def _record(
    name: str, version: str, short: str, arch: str, files: Mapping[str, File]
) -> dict[str, Any]:
    build = "0_cpython" if name == "python" else f"py{short.replace('.', '')}_0"
    subdir = SUBDIRS[arch]
    return {
        "build": build,
        "build_number": 0,
        "channel": f"{_URL}/{subdir}",
        "constrains": [],
        "depends": [] if name == "python" else [f"python >={short}"],
        "files": sorted(files),
        "fn": f"{name}-{version}-{build}.tar.bz2",
        "name": name,
        "subdir": subdir,
        "url": f"{_URL}/{subdir}/{name}-{version}-{build}.tar.bz2",
        "version": version,
    }

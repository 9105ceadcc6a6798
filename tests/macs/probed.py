"""A simulated Mac's parts as somebody may have left them, and the probe that reads them.

Each reading runs under every POSIX shell of this machine, must say the same under all of them,
and must leave every file as it was.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import shells

from simlab import braces, macs
from simlab.spec import MacSpec
from torchard.mac import probe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torchard.mac.state import InstalledEnvironment, MacState

SHELLS = [program for name in shells.THERE if (program := shells.PROGRAMS[name])]
NOBODY = 65534
SHA256 = "0123456789abcdef" * 4
STAMP = '{"lock": "abc", "verification": {"mps": true}}'


def build(directory: Path, arch: str, macos: str, *, rosetta: bool = False) -> Path:
    spec = MacSpec("one", arch, macos, rosetta=rosetta)
    return macs.build(directory, [spec])["one"]


def snapshot(root: Path) -> dict[bytes, tuple[object, ...]]:
    """Everything below a directory that a reader could have changed."""
    found: dict[bytes, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        target = path.readlink() if path.is_symlink() else None
        found[os.fsencode(path)] = (about.st_mode, about.st_size, about.st_mtime_ns, target)
    return found


def answer(
    root: Path,
    shell: str,
    *,
    prefix: str = "~/miniconda3",
    torchard: str = "~/.torchard",
    has_kernels: bool = False,
    before: str = "",
    user: int | None = None,
    **environment: str,
) -> bytes:
    script = before + probe.build_script(prefix, torchard, has_kernels=has_kernels)
    return subprocess.run(
        ["sh", "-c", braces.as_bash(script)],
        executable=shell,
        cwd="/",
        env={**macs.environment(root), "PATH": f"{root}/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    ).stdout


def read(root: Path, **options: Any) -> MacState:
    """Read a Mac under every shell; return what all of them say."""
    before = snapshot(root)
    states = []
    for shell in SHELLS:
        lines = answer(root, shell, **options).decode("ascii", "replace").splitlines()
        states.append(replace(probe.parse(lines), clock=0, free=0))
    assert all(state == states[0] for state in states)
    assert snapshot(root) == before
    return states[0]


def write(path: Path, text: str | bytes = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def whole(prefix: Path, subdir: str = "osx-arm64") -> Path:
    """Make what a finished installer leaves, as far as anybody looks at it."""
    for name in ("bin/conda", "bin/python"):
        write(prefix / name, "#!/bin/sh\n").chmod(0o755)
    write(prefix / "_conda")
    write(prefix / "conda-meta/history", "==> now <==\n# update specs: ['conda==26.5.3']\n")
    record(prefix, "python-3.13.12-h1_0_cpython", f'{{\n  "subdir": "{subdir}",\n  "x": 1\n}}\n')
    record(prefix, "conda-26.5.3-py313h2_0", "{}")
    record(prefix, "conda-anaconda-tos-0.2.2-py313h2_0", "{}")
    return prefix


def record(environment: Path, stem: str, text: str | bytes) -> Path:
    return write(environment / f"conda-meta/{stem}.json", text)


def conda_record(
    sha256: str, indent: int | None = 2, files: Iterable[dict[str, object]] = ()
) -> str:
    """Write a record as conda does: sorted keys, and the files' own sums before the archive's."""
    data = {
        "files": ["lib/a.py"],
        "name": "numpy",
        "paths_data": {"paths": [*files, {"_path": "lib/a.py", "sha256": "f" * 64}]},
        "sha256": sha256,
        "url": "https://conda.anaconda.org/conda-forge/osx-arm64/numpy-2.0-h1_0.conda",
    }
    return json.dumps(data, indent=indent, sort_keys=True)


def dist(environment: Path, stem: str, version: str = "3.12") -> Path:
    folder = environment / f"lib/python{version}/site-packages/{stem}"
    write(folder / "METADATA", "Metadata-Version: 2.1\n")
    return folder


def generation(root: Path, name: str = "torch-abc") -> Path:
    path = root / f"home/.torchard/generations/{name}"
    write(path / "conda-meta/history")
    return path


def only(state: MacState) -> InstalledEnvironment:
    (environment,) = state.environments.values()
    return environment

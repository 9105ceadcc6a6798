"""Writes the simulated channel, a small conda-forge, from channel.yaml."""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from simlab import python, stubs
from simlab.package import SUBDIRS, File, Package, dist_info, write_bz2, write_conda

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from simlab.pip import Pip

ARCHES = {subdir: arch for arch, subdir in SUBDIRS.items()}


@lru_cache(maxsize=1)
def rows() -> Mapping[str, Any]:
    """Return channel.yaml."""
    text = (resources.files("simlab") / "channel.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506  # safe, and in C where it can be


def write(directory: Path, pip: Pip) -> dict[str, Path]:
    """Write every package below `directory`, and index it; return the paths by file stem."""
    paths = {}
    for subdir in (*ARCHES, "noarch"):
        (directory / subdir).mkdir(parents=True, exist_ok=True)
    for package in packages(pip):
        writer = write_bz2 if package.name == "pip" else write_conda
        path = writer(package, directory / package.subdir)
        paths[f"{package.subdir}/{package.stem}"] = path
    _index(directory)
    return paths


def _index(directory: Path) -> None:
    import asyncio  # noqa: PLC0415 (so that rattler is only loaded where a channel is written)

    from rattler.index import index_fs  # noqa: PLC0415

    async def index() -> None:
        # Without shards: a plain server can serve that.
        await index_fs(directory, write_zst=False, write_shards=False)
        await asyncio.sleep(0.01)  # a short process may otherwise die at exit

    asyncio.run(index())
    shutil.rmtree(directory / ".tmp", ignore_errors=True)
    for path in directory.glob("*/repodata.json"):
        # When it was indexed is of no use to anybody, and would make each build's bytes differ.
        content = json.loads(path.read_text(encoding="utf-8"))
        for key in ("packages", "packages.conda"):
            for record in content.get(key, {}).values():
                record.pop("indexed_timestamp", None)
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def packages(pip: Pip) -> Iterator[Package]:
    """Return every package of the channel."""
    for version in rows()["python"]["versions"]:
        yield from (python_package(version, subdir) for subdir in ARCHES)
    for short, abi in rows()["python"]["abi"].items():
        yield Package(
            "python_abi", short, f"8_{abi}", 8, "noarch", "generic",
            constrains=(f"python {short}.* *_cpython",),
        )  # fmt: skip
    yield pip_package(pip, "bare")
    yield pip_package(pip, "whole")
    for subdir in rows()["conda"]:
        yield conda_package(subdir)
    for row in rows()["packages"]:
        for version in row["versions"]:
            yield from _row(row, version)


def python_package(version: str, subdir: str) -> Package:
    """Return a python, which runs on this host and answers for a Mac."""
    short = version.rpartition(".")[0]
    depends = [rows()["system"], *rows()["python"]["depends"]]
    constrains = [f"python_abi {short}.* *_{rows()['python']['abi'][short]}"]
    if short == "3.13":
        depends += ["libmpdec >=4.0.0,<5.0a0", *constrains]
        constrains = []
    return Package(
        "python",
        version,
        f"h{_digest('python', version, subdir)}_0_cpython",
        0,
        subdir,
        depends=tuple(depends),
        constrains=tuple(constrains),
        files=python.files(version, ARCHES[subdir]),
        site_packages=f"lib/python{short}/site-packages",
    )


def pip_package(pip: Pip, kind: str) -> Package:
    """Return the host's own pip as a package; `kind` is a row of channel.yaml's `pip`."""
    row = rows()["pip"][kind]
    return Package(
        "pip", pip.version, row["build"], 0, "noarch", "python",
        depends=tuple(row["depends"]),
        files={f"site-packages/{path}": File(content) for path, content in pip.files.items()},
        entry_points=tuple(f"{name} = pip._internal.cli.main:main" for name in ("pip", "pip3")),
    )  # fmt: skip


def conda_package(subdir: str) -> Package:
    """Return the stand-in for conda: `bin/conda` and what it runs."""
    row = rows()["conda"][subdir]
    version, short = row["version"], row["python"].rpartition(".")[0]
    site = f"lib/python{short}/site-packages"
    start = (resources.files("simlab") / "conda" / "conda.sh").read_text(encoding="utf-8")
    modules = conda_modules()
    files = {
        "bin/conda": File(python.wrapper(start.replace("@site@", site)).encode(), executable=True)
    }
    files |= {f"{site}/{path}": File(content) for path, content in modules.items()}
    own = dist_info("conda", version, {})
    files |= {f"{site}/{path}": File(content) for path, content in own.items()}
    abi = rows()["python"]["abi"][short]
    return Package(
        "conda",
        version,
        f"py{short.replace('.', '')}h{_digest('conda', version, subdir)}_0",
        0,
        subdir,
        depends=(*_for_python(short, abi), rows()["system"]),
        files=files,
    )


def conda_modules() -> dict[str, bytes]:
    """Return the programs of the stand-in for conda, by path."""
    folder = resources.files("simlab") / "conda"
    files = {"simlab/__init__.py": (resources.files("simlab") / "__init__.py").read_bytes()}
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.name.endswith(".py"):
            files[f"simlab/conda/{one.name}"] = one.read_bytes()
    return files


def _row(row: Mapping[str, Any], version: str) -> Iterator[Package]:
    for subdir in ("noarch",) if "noarch" in row else row.get("subdirs", ARCHES):
        for short in row.get("pythons", ("",)):
            yield _package(row, version, subdir, short)


def _package(row: Mapping[str, Any], version: str, subdir: str, short: str) -> Package:
    name, noarch, number = row["name"], row.get("noarch", ""), row.get("number", 0)
    depends = [one.replace("VERSION", version) for one in row.get("depends", ())]
    constrains = [one.replace("VERSION", version) for one in row.get("constrains", ())]
    build = f"h{_digest(name, version, subdir, short)}_{number}"
    site = "site-packages"
    if noarch == "python":
        build = f"pyhd8ed1ab_{number}"
    elif short:
        build = f"py{short.replace('.', '')}{build}"
        depends += _for_python(short, rows()["python"]["abi"][short])
        site = f"lib/python{short}/site-packages"
    if not noarch:
        depends.append(row.get("system", rows()["system"]))
    return Package(
        name, version, row.get("build", build), number, subdir, noarch,
        tuple(depends), tuple(constrains), _files(row, version, subdir, site),
    )  # fmt: skip


def _for_python(short: str, abi: str) -> list[str]:
    major, _, minor = short.partition(".")
    return [f"python >={short},<{major}.{int(minor) + 1}.0a0", f"python_abi {short}.* *_{abi}"]


def _files(row: Mapping[str, Any], version: str, subdir: str, site: str) -> dict[str, File]:
    name = row["name"]
    said = f"{name} {version} of a simulated channel\n"
    files = {f"share/simlab/{name}.txt": File(said.encode())}
    for command in row.get("commands", ()):
        script = f"#!/bin/sh\necho '{command} {version} (simulated)'\n"
        files[f"bin/{command}"] = File(script.encode(), executable=True)
    if "dist" in row:
        files = {} if row.get("noarch") == "python" else files
        modules = dist_info(
            row["dist"], version, stubs.modules(row["dist"], version, arch=ARCHES.get(subdir))
        )
        files |= {f"{site}/{path}": File(content) for path, content in modules.items()}
    return files


def _digest(*words: str) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:7]

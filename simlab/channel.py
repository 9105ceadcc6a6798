"""Writes the simulated channels: a small conda-forge, and PyTorch's own frozen one."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from simlab import python, shell, stubs
from simlab.conda import binaries
from simlab.package import (
    SUBDIRS,
    File,
    Package,
    byte_code,
    dist_info,
    write_bz2,
    write_conda,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from simlab.pip import Pip

ARCHES = {subdir: arch for arch, subdir in SUBDIRS.items()}
# What a package has in the place of the prefix that it is linked into.
PREFIX = "/opt/simlab_placeholder_of_a_prefix"
_INTERPRETER = (
    f'python="{PREFIX}/bin/python"\n[ -x "$python" ] ||'
    ' { echo "$0: $python: bad interpreter: No such file or directory" >&2; exit 126; }'
)
SOURCES = {"conda-forge": "channel", "pytorch": "pytorch_channel"}


@lru_cache(maxsize=2)
def rows(channel: str = "conda-forge") -> Mapping[str, Any]:
    """Return the YAML file of a channel."""
    text = (resources.files("simlab") / f"{SOURCES[channel]}.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506  # safe, and in C where it can be


def write(directory: Path, packages: Iterable[Package]) -> None:
    """Write packages below `directory`, and index them."""
    for subdir in (*ARCHES, "noarch"):
        (directory / subdir).mkdir(parents=True, exist_ok=True)
    for package in packages:
        writer = write_bz2 if package.name == "wheel" else write_conda  # conda-forge has both kinds
        writer(package, directory / package.subdir)
    _index(directory)


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


def conda_forge(pip: Pip) -> Iterator[Package]:
    """Return every package of the small conda-forge."""
    python = rows()["python"]
    for version in (*python["versions"], *python["newer"]):
        yield from (python_package(version, subdir) for subdir in ARCHES)
    for short, minor in python["minors"].items():
        end = minor["build"].partition("_")[2]
        yield Package(
            "python_abi", short, f"8_{minor['abi']}", 8, "noarch", "generic",
            constrains=(f"python {short}.* *_{end}",),
        )  # fmt: skip
    yield pip_package(pip, "bare")
    yield pip_package(pip, "whole")
    for row in rows()["conda"]:
        yield from (conda_package(row["version"], row["python"], one) for one in row["subdirs"])
    yield from listed("conda-forge")


def listed(channel: str) -> Iterator[Package]:
    """Return every package of the rows of a channel."""
    for row in rows(channel)["packages"]:
        for version in row["versions"]:
            for subdir in ("noarch",) if "noarch" in row else row.get("subdirs", ARCHES):
                for short in row.get("pythons", ("",)):
                    yield _package(channel, row, version, subdir, short)


def _system(system: str | Mapping[str, str], subdir: str) -> list[str]:
    """Return what is asked of the system, if anything is."""
    asked = system if isinstance(system, str) else system[subdir]
    return [asked] if asked else []


def python_package(version: str, subdir: str) -> Package:
    """Return a python, which runs on this host and answers for a Mac."""
    python_rows = rows()["python"]
    short = version.rpartition(".")[0]
    minor = python_rows["minors"][short]
    new = version in python_rows["newer"]
    own = f"python_abi {short}.* *_{minor['abi']}"
    # From 3.13 on, which has builds without the GIL, it asks for its abi; before, it only forbids
    # any other.
    asks = not minor["build"].endswith("_cpython")
    return Package(
        "python",
        version,
        f"h{_digest('python', version, subdir)}_{minor['build']}",
        int(minor["build"].partition("_")[0]),
        subdir,
        depends=(
            *_system("__osx >=11.0" if new else rows()["system"], subdir),
            *python_rows["depends"],
            *minor.get("depends", ()),
            *([own] if asks else []),
        ),
        constrains=() if asks else (own,),
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


def conda_package(version: str, for_python: str, subdir: str) -> Package:
    """Return the stand-in for conda: `bin/conda` and what it runs."""
    short = for_python.rpartition(".")[0]
    return Package(
        "conda",
        version,
        f"py{short.replace('.', '')}h{_digest('conda', version, subdir)}_0",
        0,
        subdir,
        depends=(*_for_python("conda-forge", short), *_system(rows()["system"], subdir)),
        files=conda_files(version, short),
    )


def conda_files(version: str, short: str) -> dict[str, File]:
    """Return the files of a conda for the python `short` (X.Y), by path in the prefix."""
    site = f"lib/python{short}/site-packages"
    shell = (resources.files("simlab") / "conda" / "conda.sh").read_text(encoding="utf-8")
    first, _, rest = python.wrapper(shell.replace("@site@", site)).partition("\n")
    # The real one's first line names its python, and where that is gone it does not run.
    text = f"{first}\n{_INTERPRETER}\n{rest}"
    start = File(text.encode(), executable=True, prefix=PREFIX)
    files = {"bin/conda": start, "condabin/conda": start}
    for path, content in conda_modules().items():
        folder, _, name = path.removesuffix(".py").rpartition("/")
        cached = f"{folder}/__pycache__/{name}.{sys.implementation.cache_tag}.pyc"
        files[f"{site}/{path}"] = File(content)
        files[f"{site}/{cached}"] = File(byte_code(path, content))
    own = dist_info("conda", version, {})
    return files | {f"{site}/{path}": File(content) for path, content in own.items()}


def conda_modules() -> dict[str, bytes]:
    """Return the programs of the stand-in for conda, by path."""
    folder = resources.files("simlab") / "conda"
    files = {"simlab/__init__.py": (resources.files("simlab") / "__init__.py").read_bytes()}
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.name.endswith(".py"):
            files[f"simlab/conda/{one.name}"] = one.read_bytes()
    return files


def _package(
    channel: str, row: Mapping[str, Any], version: str, subdir: str, short: str
) -> Package:
    name, noarch, number = row["name"], row.get("noarch", ""), row.get("number", 0)
    stub = dict(row.get("stub", {}))
    if isinstance(row["versions"], Mapping):
        stub["torch"] = row["versions"][version]

    def filled(key: str) -> list[str]:
        words = {"VERSION": version, "TORCH": stub.get("torch", "")}
        texts = list(row.get(key, ()))
        for word, value in words.items():
            texts = [text.replace(word, value) for text in texts]
        return texts

    depends = filled("depends")
    digest = _digest(name, version, subdir, short)
    build, site = f"hHASH_{number}", "site-packages"
    if noarch == "python":
        build = f"pyhd8ed1ab_{number}"
    elif short:
        build = f"pyPY{build}"
        depends += _for_python(channel, short)
        site = f"lib/python{short}/site-packages"
    if not noarch:
        depends += _system(row.get("system", rows(channel)["system"]), subdir)
    build = row.get("build", build).replace("HASH", digest)
    build = build.replace("PY", short.replace(".", "")).replace("X.Y", short)
    return Package(
        name, version, build, number, subdir, noarch,
        tuple(depends), tuple(filled("constrains")), _files(row, version, subdir, site, stub),
    )  # fmt: skip


def _for_python(channel: str, short: str) -> list[str]:
    """Return what a package built for one python asks for; only conda-forge has an abi of it."""
    major, _, minor = short.partition(".")
    asked = [f"python >={short},<{major}.{int(minor) + 1}.0a0"]
    if channel == "conda-forge":
        asked.append(f"python_abi {short}.* *_{rows()['python']['minors'][short]['abi']}")
    return asked


def _files(
    row: Mapping[str, Any], version: str, subdir: str, site: str, stub: Mapping[str, str]
) -> dict[str, File]:
    name = row["name"]
    said = f"{name} {version} of a simulated channel\n"
    files = {f"share/simlab/{name}.txt": File(said.encode())}
    for command in row.get("commands", ()):
        script = f"{shell.shebang()}\necho '{command} {version} (simulated)'\n"
        files[f"bin/{command}"] = File(script.encode(), executable=True)
    if "library" in row:
        text = f" simulated {name} {version}\0{binaries.PLACEHOLDER}/ssl\0".encode()
        content = binaries.MAGIC + text + b"\0" * 64
        files[row["library"]] = File(content, executable=True)
    if "post_link" in row:
        files[f"bin/.{name}-post-link.sh"] = File(row["post_link"].encode(), executable=True)
    if "dist" in row:
        files = {} if row.get("noarch") == "python" else files
        told = stubs.modules(row["dist"], version, arch=ARCHES.get(subdir), **stub)
        modules = dist_info(row["dist"], version, told)
        files |= {f"{site}/{path}": File(content) for path, content in modules.items()}
    return files


def _digest(*words: str) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:7]

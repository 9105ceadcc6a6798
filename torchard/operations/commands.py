"""The shell commands that change a Mac, as pure text. Every value is quoted here, and only here."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.utils import canonicalize_name

from torchard.lab.channels import ANACONDA_CHANNELS, is_anaconda
from torchard.steps import is_another

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torchard.lock.lockfile import CondaPackage, Lock
    from torchard.mac import MacState
    from torchard.steps import Step
    from torchard.variant import Installer

# A proof that takes longer hangs: the first import of PyTorch on a cold disk takes a minute.
PROOF_SECONDS = 600
# How proof.py is started, see there.
PROOF_START = "import sys; exec(sys.argv[1])"
# Imports that prove a package beyond its version; torch itself is computed with.
COMPANION_IMPORTS = ("torchvision", "torchaudio")


@dataclass(frozen=True)
class Controller:
    """Who works on a Mac: `who` is `user@host` for people, `token` is one run's own."""

    who: str
    token: str


@lru_cache(maxsize=8)
def script(name: str) -> str:
    """Return the text of one of the scripts that run on a Mac."""
    scripts = resources.files("torchard").joinpath("operations/scripts")
    return scripts.joinpath(name).read_text(encoding="utf-8")


def _with(values: Mapping[str, str], *scripts: str) -> str:
    lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*lines, *map(script, scripts)])


def root(state: MacState) -> str:
    """Return Torchard's own directory on a Mac."""
    return f"{state.home}/.torchard"


def incoming(state: MacState) -> str:
    """Return the directory that files are pushed to, each named by its sha256."""
    return f"{root(state)}/depot/incoming"


def make_incoming(state: MacState) -> str:
    """Return the command that makes the directory that files are pushed to."""
    return f"umask 022 && mkdir -p {shlex.quote(incoming(state))}"


def remove_half(state: MacState, path: str) -> str:
    """Return the command that removes what arrived of a file, and tells the disk as df does."""
    return f"df -Pk {shlex.quote(incoming(state))}; rm -f {shlex.quote(path)}"


def free_bytes(df: Iterable[str]) -> int | None:
    """Return what is free by the lines that df -Pk prints; None where they do not say."""
    for line in list(df)[1:2]:
        # The name of a volume may hold spaces: what is free stands before the first percentage.
        found = re.search(r"\s(\d+)\s+\d+%\s", line)
        return int(found[1]) * 1024 if found else None
    return None


def install_miniconda(
    state: MacState, installer: Installer, controller: Controller, date: str
) -> str:
    """Return the script that installs Miniconda; `date` is put into the mark it leaves."""
    replaces = is_another(state, installer)
    mark = {
        "format": 1,
        "installer": installer.file,
        "sha256": installer.sha256,
        "version": installer.version,
        "date": date,
    }
    if installer.licence:
        mark["accepted"] = installer.licence  # as the lab says: nothing runs without
    values = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "PREFIX": state.prefix,
        "FILE": installer.file,
        "SHA256": installer.sha256,
        "ARCH": state.arch,
        "REPLACES": str((state.prefix_ours or {})["sha256"]) if replaces else "",
        "MARK": json.dumps(mark, sort_keys=True),
    }
    return _with(values, "lock.sh", "miniconda.sh")


@dataclass(frozen=True)
class Kit:
    """The small files that one generation is built with, as a tar archive."""

    generation: str
    archive: bytes

    @property
    def sha256(self) -> str:
        """The archive's sha256, which the command that uses it carries."""
        return hashlib.sha256(self.archive).hexdigest()

    def path(self, state: MacState) -> str:
        """Return where the archive is pushed to."""
        return f"{incoming(state)}/{self.sha256}"


def kit(state: MacState, lock: Lock, generation: str, urls: Mapping[str, str]) -> Kit:
    """Write the kit of one generation; `urls` gives each of the lock's channels its real URL."""
    place = f"{root(state)}/kits/{generation}"
    artefacts = [(one.sha256, f"conda/{one.subdir}/{one.file}") for one in lock.conda]
    artefacts += [(one.sha256, f"wheels/{one.file}") for one in lock.wheels]
    explicit = [f"file://{quote(place)}/conda/{one.subdir}/{one.file}" for one in lock.conda]
    wheels = [f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in lock.wheels]
    files = {
        "artefacts": _lines(f"{sha256} {target}" for sha256, target in artefacts),
        "explicit.txt": _lines(["@EXPLICIT", *explicit]),
        "requirements.txt": _lines(wheels),
        "condarc": _lines(_settings(lock)),
        "kit.json": _json(
            {
                "packages": {one.name: _record(one, urls) for one in lock.conda},
                "specs": list(lock.conda_specs),
                "stamp": {
                    "format": 1,
                    "environment": lock.environment,
                    "lock": lock.digest,
                    "class": str(lock.mac_class),
                    "variant": _variant(lock),
                    **_accepted(lock),
                },
            }
        ),
        "proof.json": _json(proof(lock)),
        "proof.py": script("proof.py").encode(),
        "generation.py": script("generation.py").encode(),
    }
    return Kit(generation, _tar(files))


def _tar(files: Mapping[str, bytes]) -> bytes:
    """Write an archive whose bytes depend on nothing but its files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _record(package: CondaPackage, urls: Mapping[str, str]) -> dict[str, object]:
    """Return what a conda-meta record says of where its package came from."""
    base = urls[package.channel].rstrip("/")
    return {
        "version": package.version,
        "url": f"{base}/{package.subdir}/{package.file}",
        "channel": f"{base}/{package.subdir}",
        "sha256": package.sha256,
        "size": package.size,
    }


def _settings(lock: Lock) -> list[str]:
    """Return the generation's own .condarc: a later `conda install` there has the lab's channels.

    The lists of all of conda's files merge, and Miniconda's own adds `defaults`: here that becomes
    empty, and Anaconda's channels are denied by their URLs, unless the lab itself names one.
    """
    lines = [
        "# Written by Torchard: where conda looks for packages of this environment.",
        f"channels: {json.dumps(lock.channels)}",
        "channel_priority: strict",
    ]
    if not any(map(is_anaconda, lock.channels)):
        denied = json.dumps(ANACONDA_CHANNELS)
        lines += ["default_channels: []", f"denylist_channels: {denied}"]
    return lines


def _accepted(lock: Lock) -> dict[str, bool]:
    """Return what the lab has accepted, without which this lock would not be."""
    return {"accepted_anaconda_terms": True} if any(map(is_anaconda, lock.channels)) else {}


def _variant(lock: Lock) -> dict[str, object] | None:
    variant = lock.variant
    if variant is None:
        return None
    return {
        "source": variant.source,
        "packages": dict(variant.packages),
        "mps_expected": variant.mps_expected,
    }


def proof(lock: Lock) -> dict[str, object]:
    """Return what must hold in an environment built from a lock, for `proof.py`."""
    dists = {
        str(canonicalize_name(name)): version
        for one in lock.conda
        for name, version in one.provides
    }
    dists.update({one.name: one.version for one in lock.wheels})
    variant = lock.variant
    packages = variant.packages if variant else {}
    return {
        "arch": lock.mac_class.arch,
        "python": lock.python,
        "dists": dists,
        "imports": [name for name in COMPANION_IMPORTS if name in packages],
        "torch": variant is not None,
        "mps": variant is not None and variant.mps_expected,
        "seconds": PROOF_SECONDS,
    }


def build_environment(state: MacState, lock: Lock, kit: Kit, controller: Controller) -> str:
    """Return the script that builds a generation, proves it and shows it."""
    values = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "PREFIX": state.prefix,
        "NAME": lock.environment,
        "GENERATION": kit.generation,
        "DIGEST": lock.digest,
        "KIT": kit.sha256,
        "CHANNEL": f"file://{quote(root(state))}/kits/{kit.generation}/conda",
    }
    return _with(values, "lock.sh", "environment.sh")


def edit_shell_file(state: MacState, step: Step, controller: Controller) -> str:
    """Return the script that changes a shell's file as its step says."""
    (change,) = step.files
    values = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "PREFIX": state.prefix,
        "FILE": step.path,
        "BEFORE": change.before or "",
        "AFTER": change.after or "",
        "EDIT": script("shell_file.py"),
    }
    return _with(values, "lock.sh", "shell_file.sh")


def prove_environment(state: MacState, lock: Lock) -> str:
    """Return the command that proves the environment that is shown, and changes nothing."""
    python = f"{state.prefix}/envs/{lock.environment}/bin/python"
    text, wanted = script("proof.py"), json.dumps(proof(lock))
    command = [python, "-B", "-I", "-c", PROOF_START, text, wanted]
    native = ["arch", "-arm64"] if state.translated else []
    # By a shell of its own: env would take a path with an equals sign for a variable.
    clean = 'cd / && exec env -i HOME="$HOME" PATH="$PATH" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C'
    words = " ".join(map(shlex.quote, [*native, *command]))
    return f"{clean} sh -c 'exec \"$@\"' sh {words}"

"""The kit of a generation: the small files that a Mac builds it with. Pure."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from torchard.lab.channels import channel_name, is_anaconda
from torchard.lab.model import Timeouts
from torchard.operations.expected import describe_verification
from torchard.operations.incoming import incoming_directory
from torchard.operations.script_text import read_program
from torchard.plan.environment_settings import NO_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torchard.lock.lockfile import CondaPackage, Lock
    from torchard.mac.state import MacState

# A kit's channel. conda looks a file:// channel up by its name among the Mac's `custom_channels`.
DEPOT = "torchard-depot"
# What conda prints to a person who tries to change a frozen environment.
FROZEN = (
    "Torchard keeps this environment as the lab describes it. Ask the person who keeps the lab for"
    " what you need, or make an environment of your own: conda create --name mine"
)
# Scripts that run from the kit, beside expected.json, which verify.py reads.
_SCRIPTS = (
    *("verify.py", "generation.py", "check_files.py", "carry_over.py", "pin_imports.py"),
    *("remove_generations.py", "install_wheels.py"),
)


@dataclass(frozen=True)
class Kit:
    """The small files that a Mac builds one generation with, as a tar archive."""

    generation: str
    archive: bytes

    @property
    def sha256(self) -> str:
        """The archive's sha256, which the command that uses it carries."""
        return hashlib.sha256(self.archive).hexdigest()

    def path(self, state: MacState) -> str:
        """Return the path on the Mac that the archive is uploaded to."""
        return f"{incoming_directory(state)}/{self.sha256}"


def write_kit(
    state: MacState,
    lock: Lock,
    generation: str,
    urls: Mapping[str, str],
    *,
    seconds: int = Timeouts.verification,
    frozen: bool = False,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> Kit:
    """Write the kit of one generation; `urls` has the real URL of each of the lock's channels.

    Its verification may take so many `seconds`. conda refuses to change a `frozen` environment,
    and sets its `variables`.
    """
    place = f"{state.root}/kits/{generation}"
    artefacts = [(one.sha256, f"{DEPOT}/{one.subdir}/{one.file}") for one in lock.conda]
    artefacts += [(one.sha256, f"wheels/{one.file}") for one in lock.wheels]
    explicit = [f"file://{quote(place)}/{DEPOT}/{one.subdir}/{one.file}" for one in lock.conda]
    wheels = [f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in lock.wheels]
    files = {
        "artefacts": _lines(f"{sha256} {target}" for sha256, target in artefacts),
        "explicit.txt": _lines(["@EXPLICIT", *explicit]),
        "requirements.txt": _lines(wheels),
        "condarc": lock.condarc.encode(),
        "kit.json": _json(
            {
                "packages": {one.name: _record(one, urls, lock.channels) for one in lock.conda},
                "specs": list(lock.conda_specs),
                **({"frozen": FROZEN} if frozen else {}),
                "stamp": {
                    "format": 1,
                    "environment": lock.environment,
                    "lock": lock.digest,
                    "class": str(lock.mac_class),
                    "variant": _variant(lock),
                    "condarc": lock.condarc,
                    **_accepted(lock),
                    **({"frozen": True} if frozen else {}),
                    **({"variables": dict(variables)} if variables else {}),
                },
            }
        ),
        "expected.json": _json(describe_verification(lock, seconds, variables)),
        **{name: read_program(name).encode() for name in _SCRIPTS},
    }
    return Kit(generation, _tar(files))


def _tar(files: Mapping[str, bytes]) -> bytes:
    """Write an archive whose bytes depend on its files alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _lines(lines: Iterable[str]) -> bytes:
    """Write lines for conda and pip, which read one thing in each line, or an option.

    A lock that was read has no such line. Raise ValueError if a text has two lines or is an option.
    """
    whole = list(lines)
    if any(len(line.splitlines()) > 1 or line.startswith("-") for line in whole):
        raise ValueError("a line for conda or pip holds another one, or is an option")
    return "".join(f"{line}\n" for line in whole).encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _record(
    package: CondaPackage, urls: Mapping[str, str], channels: Sequence[str]
) -> dict[str, object]:
    """Return what conda's record and history say about where a package came from."""
    base = urls[package.channel].rstrip("/")
    where = f"{channel_name(base, channels)}/{package.subdir}"
    return {
        "dist": f"{where}::{package.name}-{package.version}-{package.build}",
        "version": package.version,
        "url": f"{base}/{package.subdir}/{package.file}",
        "channel": f"{base}/{package.subdir}",
        "sha256": package.sha256,
        "size": package.size,
    }


def _accepted(lock: Lock) -> dict[str, bool]:
    """Return the terms that the lab accepted to get this lock."""
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

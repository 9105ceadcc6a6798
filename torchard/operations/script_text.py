"""The shell commands that change a Mac, as pure text. Every value is quoted here, and only here."""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote

from torchard.lab.channels import channel_name, is_anaconda
from torchard.mac import probe
from torchard.mac.generations import CARRIED
from torchard.operations.verification import describe_verification
from torchard.plan.steps import has_other_installer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torchard.catalog.installers import Installer
    from torchard.lock.lockfile import CondaPackage, Lock
    from torchard.mac.state import MacState
    from torchard.plan.steps import Step

# An environment with PyTorch and Jupyter has 30,000 files; a network home answers 1,000 a second.
FILES_SECONDS = 300
# How verify.py and intact.py are started, see there.
RUN_ARGUMENT = "import sys; exec(sys.argv[1])"
# A kit's channel. conda looks a file:// channel up by its name among the Mac's `custom_channels`.
DEPOT = "torchard-depot"
# What conda says to whoever would change an environment that is frozen.
FROZEN = (
    "Torchard keeps this environment as the lab describes it. Ask whoever keeps the lab for what"
    " you need, or make an environment of your own: conda create --name mine"
)


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
    return "\n".join(
        [*lines, probe.read_part("tools.sh"), script("limits.sh"), *map(script, scripts)]
    )


def _building(values: Mapping[str, str], name: str) -> str:
    """Return a script that works under the Mac's run lock, and knows environments."""
    shared = (probe.read_part("packages.sh"), probe.read_part("prefix.sh"))
    return "\n".join([_with(values, "lock.sh"), *shared, script(name)])


def root(state: MacState) -> str:
    """Return Torchard's own directory on a Mac."""
    return f"{state.home}/.torchard"


def incoming(state: MacState) -> str:
    """Return the directory that files are pushed to, each named by its sha256."""
    return f"{root(state)}/depot/incoming"


def make_incoming(state: MacState) -> str:
    """Return the command that makes the directory that files are pushed to."""
    place = shlex.quote(incoming(state))
    made = f"umask 022\nattempt mkdir -p {place}"
    return (
        f'{script("limits.sh")}{made} || {{ printf "%s\\n" "$errors" | name_limit >&2; exit 1; }}'
    )


def remove_half(state: MacState, path: str) -> str:
    """Return the command that removes what arrived of a file, and prints how much room is free.

    SFTP says of most limits no more than that the file was not taken. So a shell writes a little
    more to it first, and stderr has what keeps it from doing so.
    """
    place, file = shlex.quote(incoming(state)), shlex.quote(path)
    more = f"errors=$({{ head -c 65536 /dev/zero >>{file}; }} 2>&1)"
    said = 'printf "%s\\n" "$errors" | name_limit >&2'
    shared = probe.read_part("tools.sh") + script("limits.sh")
    return f"{shared}read_free {place}; {more}; rm -f {file}; {said}; :"


def free_bytes(printed: Iterable[str]) -> int | None:
    """Return the free bytes that `remove_half` printed as kilobytes; None if df did not say."""
    kilobytes = next(iter(printed), "").strip()
    return int(kilobytes) * 1024 if kilobytes.isdecimal() else None


def install_miniconda(
    state: MacState, installer: Installer, controller: Controller, date: str
) -> str:
    """Return the script that installs Miniconda; `date` is put into the mark it leaves."""
    replaces = has_other_installer(state, installer) or state.is_prefix_moved
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
        "SUBDIR": state.subdir,
        "REPLACES": str((state.prefix_ours or {})["sha256"]) if replaces else "",
        "MOVED": state.prefix_made_for or "" if state.is_prefix_moved else "",
        "MARK": json.dumps(mark, sort_keys=True),
    }
    return _building(values, "miniconda.sh")


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


def kit(
    state: MacState,
    lock: Lock,
    generation: str,
    urls: Mapping[str, str],
    *,
    frozen: bool = False,
) -> Kit:
    """Write the kit of one generation; `urls` gives each of the lock's channels its real URL.

    `frozen` lets conda refuse to change it.
    """
    place = f"{root(state)}/kits/{generation}"
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
                "carried": list(CARRIED),
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
                },
            }
        ),
        "expected.json": _json(describe_verification(lock)),
        "verify.py": script("verify.py").encode(),
        "generation.py": script("generation.py").encode(),
        "intact.py": script("intact.py").encode(),
        "carry.py": script("carry.py").encode(),
        "stay.py": script("stay.py").encode(),
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
    """Write lines for programs that read one thing in each, and that take a dash for an option.

    No lock that was read brings either. Raise ValueError where a line is not one thing.
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
    """Return what conda-meta says of where a package came from: its record and the history."""
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


def build_environment(
    state: MacState, lock: Lock, kit: Kit, controller: Controller, *, rebuild: bool = False
) -> str:
    """Return the script that builds a generation (again, on request), verifies it and shows it."""
    values = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "PREFIX": state.prefix,
        "NAME": lock.environment,
        "GENERATION": kit.generation,
        "DIGEST": lock.digest,
        "SUBDIR": state.subdir,
        "KIT": kit.sha256,
        "FILES_SECONDS": str(FILES_SECONDS),
        "CHANNEL": f"file://{quote(root(state))}/kits/{kit.generation}/{DEPOT}",
        "REBUILT": "rebuilt" if rebuild else "",
    }
    return _building(values, "environment.sh")


def remove_environment(state: MacState, step: Step, controller: Controller) -> str:
    """Return the script that removes an environment which the lab does not name."""
    values = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "PREFIX": state.prefix,
        "NAME": step.environment or "",
        "TARGET": step.path,
        "PROGRAM": script("generation.py"),
    }
    return _with(values, "lock.sh", "prune.sh")


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


def verify_environment(state: MacState, lock: Lock) -> str:
    """Return the command that verifies the environment that is shown, and changes nothing."""
    text, wanted = script("verify.py"), json.dumps(describe_verification(lock))
    start = _native_start(state, lock.environment)
    return _cleanly('exec "$@"', "sh", *start, text, wanted)


def verify_generation(state: MacState, step: Step) -> str:
    """Return the command that verifies what is shown by what it was built for, and changes nothing.

    That is in the kit of its generation, on the Mac. Where it is not, nothing is printed.
    """
    ask = (
        'cd "$0" && [ -f expected.json ] || exit 0; '
        'exec "$@" "$(cat verify.py)" "$(cat expected.json)"'
    )
    place = f"{root(state)}/kits/{step.path.rpartition('/')[2]}"
    return _cleanly(ask, place, *_native_start(state, step.environment or ""))


def look_at_files(state: MacState, environments: Iterable[str]) -> str:
    """Return the command that looks for the files of environments' packages; it changes nothing."""
    words = [f"{state.prefix}/bin/python", "-I", "-S", "-B", "-c", RUN_ARGUMENT]
    words += [script("intact.py"), "look", str(FILES_SECONDS)]
    for name in environments:
        words += [name, f"{state.prefix}/envs/{name}"]
    return _cleanly('exec "$@"', "sh", *_natively(state), *words)


def _natively(state: MacState) -> list[str]:
    return ["arch", "-arm64"] if state.translated else []


def _native_start(state: MacState, environment: str) -> list[str]:
    python = f"{state.prefix}/envs/{environment}/bin/python"
    return [*_natively(state), python, "-B", "-I", "-c", RUN_ARGUMENT]


def _cleanly(text: str, *words: str) -> str:
    """Return the command that runs some text of shell with nothing of the account's variables."""
    # By a shell of its own: env would take a path with an equals sign for a variable.
    clean = 'cd / && exec env -i HOME="$HOME" PATH="$PATH" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C'
    words = ("sh", "-c", text, *words)
    return f"{probe.read_part('tools.sh')}{clean} {' '.join(map(shlex.quote, words))}"


def show_earlier(state: MacState, step: Step, controller: Controller) -> str:
    """Return the script that shows a generation that was shown before."""
    name = step.environment or ""
    values = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "PREFIX": state.prefix,
        "NAME": name,
        "GENERATION": step.path.rpartition("/")[2],
        "SHOWN": state.links[name].target or "",
        "PROGRAM": script("generation.py"),
    }
    return _building(values, "rollback.sh")


def note_failure(
    state: MacState, environment: str, failure: Mapping[str, str] | None, controller: Controller
) -> str:
    """Return the script that notes why an environment failed, or removes that; see note.sh."""
    values = {
        "WHO": controller.who,
        "TOKEN": controller.token,
        "PREFIX": state.prefix,
        "NAME": environment,
        "GENERATION": (state.links[environment].target or "").rpartition("/")[2],
        "NOTE": json.dumps(failure, sort_keys=True) if failure else "",
    }
    return _building(values, "note.sh")


def remove_lock(holder: str, controller: Controller) -> str:
    """Return the script that removes the run lock of a run that is gone; `holder` is its token."""
    values = {"WHO": controller.who, "TOKEN": controller.token, "HOLDER": holder}
    return _with(values, "lock.sh", "unlock.sh")

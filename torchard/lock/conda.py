"""The conda half of a lock: solved once for a Mac class, in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from torchard.lock.addresses import channel_source, conda_address
from torchard.lock.lockfile import CondaPackage, LockError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torchard.depot import Depot
    from torchard.lab.model import Environment, Mirrors, Position
    from torchard.variant import MacClass, Variant

SECONDS = 120  # for the solver: a hard but possible question takes a few
_PATIENCE = 900  # seconds for the whole process, which fetches the channels' indexes first
_AT_ONCE = 8
# The oldest processor of each arch, as conda's own `__archspec` names it.
_ARCHSPEC = {"arm64": "m1", "x86_64": "x86_64"}


def conda_specs(environment: Environment, variant: Variant | None) -> tuple[str, ...]:
    """Return what conda is asked for: the python, its pip for the wheels, the lab's own specs.

    PyTorch is among them where it comes as conda packages.
    """
    torch: list[str] = []
    if variant is not None and not variant.as_wheels:
        torch = [
            f"{name} =={version}" if version else name for name, version in variant.packages.items()
        ]
    return (f"python {environment.python}.*", "pip", *torch, *environment.conda)


def solve(  # noqa: PLR0917  # each is one part of the question
    environment: Environment,
    mac_class: MacClass,
    variant: Variant | None,
    channels: Sequence[str],
    mirrors: Mirrors,
    depot: Depot,
) -> tuple[CondaPackage, ...]:
    """Return the conda packages of an environment, each after what it depends on.

    The archives that may hold Python distributions are fetched, to read what they provide. Raise
    LockError where there is no answer, DepotError where an archive cannot be had.
    """
    specs = conda_specs(environment, variant)
    system = {
        "__osx": (mac_class.macos, "0"),
        "__unix": ("0", "0"),
        "__archspec": ("1", _ARCHSPEC[mac_class.arch]),
    }
    request = {
        "urls": [channel_source(channel, mirrors) for channel in channels],
        "subdir": mac_class.subdir,
        "specs": specs,
        "constraints": variant.constraints if variant else (),
        "system": system,
        "cache": str(depot.root / "channels"),
        "seconds": SECONDS,
    }
    answer = _ask({"solve": request})
    if "error" in answer:
        raise _unsolved(answer, environment, mac_class, channels)
    rows = answer["packages"]
    packages = [_package(row, channels) for row in rows]
    python = next(one for one in packages if one.name == "python")
    if re.search(r"_cp\d+t$", python.build):
        raise LockError(
            f"{_where(environment)}: {environment.name} for {mac_class} would get a python without"
            f" the global interpreter lock ({python.build}), and PyTorch's wheels are not for it.",
            "Take what asks for it out of `conda:`.",
        )
    with_python = [one for one, row in zip(packages, rows, strict=True) if row["python"]]
    provided = _provides(with_python, mirrors, depot)
    return tuple(_with_provides(one, provided.get(one.name, {})) for one in packages)


def _package(row: Mapping[str, Any], channels: Sequence[str]) -> CondaPackage:
    return CondaPackage(
        name=row["name"],
        version=row["version"],
        build=row["build"],
        channel=channels[row["channel"]],
        subdir=row["subdir"],
        file=row["file"],
        sha256=row["sha256"],
        size=row["size"],
    )


def _with_provides(package: CondaPackage, provided: Mapping[str, str]) -> CondaPackage:
    return CondaPackage(**{**vars(package), "provides": tuple(sorted(provided.items()))})


def _provides(
    packages: Sequence[CondaPackage], mirrors: Mirrors, depot: Depot
) -> dict[str, dict[str, str]]:
    """Return the Python distributions that each package's archive holds."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        archives = list(
            pool.map(
                lambda one: depot.fetch(
                    one.file, one.sha256, one.size, lambda: conda_address(one, mirrors)
                ),
                packages,
            )
        )
    answer = _ask({"provides": [str(path) for path in archives]})
    if "error" in answer:
        raise LockError(f"A package's archive cannot be read: {answer['text']}")
    return {one.name: row for one, row in zip(packages, answer["provides"], strict=True)}


def _ask(request: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the process that has py-rattler; what it printed counts, not how it ended."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "torchard.lock.conda_worker"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LockError(
            f"The solver did not end within {_PATIENCE} seconds.", "Ask for fewer packages."
        ) from error
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        words = done.stderr.strip().splitlines()
        last = words[-1] if words else f"exit {done.returncode}"
        raise LockError(f"The solver died without an answer: {last}", "Try again.") from error
    return answer


def _unsolved(
    answer: Mapping[str, Any],
    environment: Environment,
    mac_class: MacClass,
    channels: Sequence[str],
) -> LockError:
    text = str(answer["text"]).strip()
    if answer["error"] == "channel":
        return LockError(
            f"The channels of {environment.name} for {mac_class} could not be read:"
            f" {_indented(text)}",
            "Check the network, the name of the channel, and `mirrors.conda`.",
        )
    if answer["error"] != "unsolvable":
        return LockError(
            f"{_where(environment)}: {environment.name} cannot be locked for {mac_class}:"
            f" {_indented(text)}"
        )
    return LockError(
        f"{_where(environment, text)}: no set of conda packages satisfies {environment.name} for"
        f" {mac_class}, from {', '.join(channels)}:{_indented(text)}",
        "Loosen a version in `conda:`, or choose another `python:`.",
    )


def _indented(text: str) -> str:
    lines = text.splitlines()
    return f" {text}" if len(lines) == 1 else "".join(f"\n    {line}" for line in lines)


def _where(environment: Environment, text: str = "") -> Position:
    """Return where the lab asks for what the solver stumbled over; else the environment."""
    for index, spec in enumerate(environment.conda):
        name = re.match(r"[A-Za-z0-9_][A-Za-z0-9._-]*", spec)
        if name and re.search(rf"(?<![\w.-]){re.escape(name[0].lower())}(?![\w.-])", text):
            return environment.item_positions.get(f"conda/{index}", environment.where)
    return environment.where

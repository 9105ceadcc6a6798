"""The conda half of a lock: solved once for a Mac class, in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from torchard.lock.addresses import channel_source, conda_address
from torchard.lock.lockfile import LockError, conda_package
from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torchard.catalog.variant import MacClass, Variant
    from torchard.depot.depot import Depot
    from torchard.lab.model import Environment, Mirrors, Position
    from torchard.lock.lockfile import CondaPackage

SECONDS = 120  # for the solver: a hard but possible question takes a few
_PATIENCE = 900  # seconds for the whole process, which fetches the channels' indexes first
_AT_ONCE = 8
_WORKER = (sys.executable, "-m", "torchard.lock.conda_worker")
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
        raise _unsolved(answer, environment, mac_class, channels, mirrors)
    rows = answer["solve"]
    packages = [_described(row, channels[row["channel"]], {}) for row in rows]
    python = next(one for one in packages if one.name == "python")
    if re.search(r"_cp\d+t$", python.build):
        raise LockError(
            f"{_where(environment)}: {environment.name} for {mac_class} would get a python without"
            f" the global interpreter lock ({python.build}), and PyTorch's wheels are not for it.",
            "Take what asks for it out of `conda:`.",
        )
    with_python = [one for one, row in zip(packages, rows, strict=True) if row["python"]]
    provided = _provides(with_python, mirrors, depot)
    return tuple(
        _described(row, one.channel, provided.get(one.name, {}))
        for one, row in zip(packages, rows, strict=True)
    )


def _described(row: Mapping[str, Any], channel: str, provided: Mapping[str, str]) -> CondaPackage:
    known = {key: value for key, value in row.items() if key != "python"}
    try:
        return conda_package(
            {**known, "channel": channel, "provides": dict(sorted(provided.items()))}
        )
    except ValueError as error:
        raise LockError(
            f"The channel {channel} describes {row['name']!a} strangely: {error}.",
            "Mistrust that channel, or its mirror.",
        ) from error


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
        raise LockError(
            f"The archive of a conda package cannot be read: {answer['text']}",
            "Its sha256 is what the channel says: mistrust that channel, or its mirror.",
        )
    return {one.name: row for one, row in zip(packages, answer["provides"], strict=True)}


def _ask(request: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the process that has py-rattler; what it printed last counts, not how it ended."""
    try:
        done = subprocess.run(
            _WORKER,
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
        answer = json.loads((done.stdout.splitlines() or [""])[-1])
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not {*request, "error"} & answer.keys():
        words = redact(done.stderr).strip().splitlines()
        last = words[-1] if words else f"exit {done.returncode}"
        raise LockError(f"The solver died without an answer: {last}", "Try again.")
    return {key: redact(value) if key == "text" else value for key, value in answer.items()}


def _unsolved(
    answer: Mapping[str, Any],
    environment: Environment,
    mac_class: MacClass,
    channels: Sequence[str],
    mirrors: Mirrors,
) -> LockError:
    text = str(answer["text"]).strip()
    what = f"{environment.name} for {mac_class}"
    if answer["error"] == "channel":
        # A broken index is told without its address, so all of them are named.
        places = ", ".join(redact(channel_source(one, mirrors)) for one in channels)
        return LockError(
            f"The channels of {what} could not be read from {places}:{_indented(text)}",
            "Check the network, the name of the channel, and `mirrors.conda`.",
        )
    if answer["error"] == "spec":
        return LockError(
            f"{_where(environment, answer['spec'])}: {what} cannot be locked, since"
            f" {answer['spec']} is no match spec:{_indented(text)}",
            "Write NAME, NAME>=1.2,<2 or NAME=1.2.",
        )
    if answer["error"] != "unsolvable":
        return LockError(f"{_where(environment)}: {what} cannot be locked:{_indented(text)}")
    return LockError(
        f"{_where(environment, text)}: no set of conda packages satisfies {what}, from"
        f" {', '.join(channels)}:{_indented(text)}",
        "Loosen a version in `conda:`, or choose another `python:`.",
    )


def _indented(text: str) -> str:
    lines = text.splitlines()
    return f" {text}" if len(lines) == 1 else "".join(f"\n    {line}" for line in lines)


def _where(environment: Environment, text: str = "") -> Position:
    """Return where the lab asks for what the solver stumbled over; else the environment."""
    for index, spec in enumerate(environment.conda):
        name = re.match(r"[A-Za-z0-9_][A-Za-z0-9._-]*", spec)
        if spec == text or (
            name and re.search(rf"(?<![\w.-]){re.escape(name[0].lower())}(?![\w.-])", text)
        ):
            return environment.item_positions.get(f"conda/{index}", environment.where)
    return environment.where

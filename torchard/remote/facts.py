"""pyinfra facts: one SSH command reads everything about a Mac."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyinfra
from pyinfra.api import FactBase, FactProcessError

from torchard.mac import probe
from torchard.mac.state import MacState as State
from torchard.remote import read_guard
from torchard.remote.limits import limit_probe, limit_verification
from torchard.remote.quoting import for_any_shell
from torchard.remote.unreachable import explain_bug

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyinfra.api.host import Host

    from torchard.lab.model import MacHost


_MEMORY = "torchard state"


def _nothing() -> State | None:
    return None


def _no_lines() -> list[str]:
    return []


class MacState(FactBase[State | None]):
    """The state of a Mac, or None if it cannot be read (pyinfra then fails that host)."""

    default = staticmethod(_nothing)

    def command(self, prefix: str, root: str, *, has_kernels: bool) -> str:
        """Return the probe; the lab wants Miniconda at `prefix`, Torchard's files in `root`."""
        return for_any_shell(probe.build_script(prefix, root, has_kernels=has_kernels))

    def process(self, output: Iterable[str]) -> State | None:
        """Read the answer; an error in it concerns its host alone."""
        try:
            return probe.parse(output)
        except probe.ProbeError as error:
            raise FactProcessError(str(error)) from error
        except Exception as error:
            raise FactProcessError(explain_bug(error)) from error


class Room(FactBase[int]):
    """How many bytes macOS can make free on the volume of the home; 0 if it does not say."""

    default = staticmethod(int)

    def command(self) -> str:
        """Return the script that asks."""
        return for_any_shell(probe.build_room_script())

    def process(self, output: Iterable[str]) -> int:
        """Read the answer."""
        return probe.parse_room(output)


class Lines(FactBase[list[str]]):
    """What a script prints that only reads."""

    default = staticmethod(_no_lines)

    def command(self, script: str) -> str:
        """Return the script."""
        return for_any_shell(script)

    def process(self, output: Iterable[str]) -> list[str]:
        """Return its lines."""
        return list(output)


def list_arguments(mac: MacHost) -> dict[str, Any]:
    """Return what the probe of a Mac is given, by name."""
    wanted = mac.miniconda
    return {"prefix": wanted.prefix, "root": wanted.root, "has_kernels": mac.has_kernels}


def remember_state(host: Host, prefix: str, state: State) -> None:
    """Keep the state of a Mac while pyinfra prepares."""
    host.connector_data[f"{_MEMORY} {prefix}"] = state


def read_state(mac: MacHost) -> State | None:
    """Read the current Mac. While pyinfra prepares, nothing changes, so one reading is enough."""
    host, key = pyinfra.host, f"{_MEMORY} {mac.miniconda.prefix}"
    given = list_arguments(mac)
    read_guard.allow_command(host, pyinfra.state, for_any_shell(probe.build_script(**given)))
    if key not in host.connector_data or pyinfra.state.is_executing:
        state = host.get_fact(MacState, **given, _timeout=limit_probe(mac))
        if pyinfra.state.is_executing:
            return state
        host.connector_data[key] = state
    return host.connector_data[key]


def read_lines(mac: MacHost, script: str) -> list[str]:
    """Run a script that only reads on the current Mac; no lines if it fails."""
    host = pyinfra.host
    read_guard.allow_command(host, pyinfra.state, for_any_shell(script))
    return host.get_fact(Lines, script=script, _timeout=limit_verification(mac)) or []


def read_room(mac: MacHost, state: State) -> State:
    """Return the state of the current Mac with the room that macOS can make free."""
    host = pyinfra.host
    read_guard.allow_command(host, pyinfra.state, for_any_shell(probe.build_room_script()))
    measured = replace(state, room=host.get_fact(Room, _timeout=limit_probe(mac)) or 0)
    remember_state(host, mac.miniconda.prefix, measured)
    return measured

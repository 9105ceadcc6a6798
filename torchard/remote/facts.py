"""The pyinfra fact: one SSH command that gathers everything about a Mac."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyinfra
from pyinfra.api import FactBase, FactProcessError

from torchard.mac import probe
from torchard.mac.state import MacState as State
from torchard.remote import read_guard
from torchard.remote.quoting import for_any_shell

if TYPE_CHECKING:
    from collections.abc import Iterable


_MEMORY = "torchard state"


def _nothing() -> State | None:
    return None


class MacState(FactBase[State | None]):
    """The state of a Mac, or None where it could not be read (pyinfra then fails that host)."""

    default = staticmethod(_nothing)

    def command(self, prefix: str) -> str:
        """Return the probe; `prefix` is where Miniconda is wanted."""
        return for_any_shell(probe.build_script(prefix))

    def process(self, output: Iterable[str]) -> State | None:
        """Read the answer; any trouble with it stays with its host."""
        try:
            return probe.parse(output)
        except probe.ProbeError as error:
            raise FactProcessError(str(error)) from error


class Room(FactBase[int]):
    """How many bytes macOS would make room for on the volume of the home; 0 where it is silent."""

    default = staticmethod(int)

    def command(self) -> str:
        """Return the question."""
        return for_any_shell(probe.build_room_script())

    def process(self, output: Iterable[str]) -> int:
        """Read the answer."""
        return probe.parse_room(output)


def remember(host: Any, prefix: str, state: State) -> None:
    """Keep what was read of a Mac for as long as pyinfra only prepares."""
    host.connector_data[f"{_MEMORY} {prefix}"] = state


def read(prefix: str) -> State | None:
    """Read the Mac at hand. While pyinfra prepares, nothing changes: one reading serves all."""
    host, key = pyinfra.host, f"{_MEMORY} {prefix}"
    read_guard.admit(host, pyinfra.state, for_any_shell(probe.build_script(prefix)))
    if pyinfra.state.is_executing:
        return host.get_fact(MacState, prefix=prefix)
    if key not in host.connector_data:
        host.connector_data[key] = host.get_fact(MacState, prefix=prefix)
    return host.connector_data[key]


def read_room(prefix: str, state: State) -> State:
    """Return the state of the Mac at hand with the room that macOS would make there."""
    host = pyinfra.host
    read_guard.admit(host, pyinfra.state, for_any_shell(probe.build_room_script()))
    measured = replace(state, room=host.get_fact(Room) or 0)
    remember(host, prefix, measured)
    return measured

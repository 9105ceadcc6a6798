"""The pyinfra fact: one SSH command that gathers everything about a Mac."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyinfra.api import FactBase, FactProcessError

from torchard import probe
from torchard.mac import MacState as State

if TYPE_CHECKING:
    from collections.abc import Iterable


def _nothing() -> State | None:
    return None


class MacState(FactBase[State | None]):
    """The state of a Mac, or None where it could not be read (pyinfra then fails that host)."""

    default = staticmethod(_nothing)

    def command(self, prefix: str) -> str:
        """Return the probe; `prefix` is where Miniconda is wanted."""
        return probe.script(prefix)

    def process(self, output: Iterable[str]) -> State | None:
        """Read the answer; any trouble with it stays with its host."""
        try:
            return probe.parse(output)
        except probe.ProbeError as error:
            raise FactProcessError(str(error)) from error

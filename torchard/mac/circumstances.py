"""What a Mac says of itself beside the probe: FileVault, sleep, updates, other condas. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchard.mac.fields import LONGEST_NAME, read_number
from torchard.mac.probe import ProbeError, read_part

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_CONDAS = 20


@dataclass(frozen=True)
class Circumstances:
    """What may get in the way on a Mac; None if it did not say.

    `sleep` is after how many minutes it sleeps, 0 for never, `wakes` whether the network wakes it.
    `updates` counts the updates that macOS has found. `condas` has the paths of other condas.
    """

    filevault: bool | None = None
    sleep: int | None = None
    wakes: bool | None = None
    updates: int | None = None
    condas: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """What the Mac did not say, in words."""
        asked = {"FileVault": self.filevault, "sleep": self.sleep}
        return tuple(name for name, value in asked.items() if value is None)


def build_script(prefix: str) -> str:
    """Return the shell script that asks; it writes nothing. `prefix` is the lab's own conda."""
    parts = map(read_part, ("tools.sh", "packages.sh", "circumstances.sh"))
    return f"PREFIX={shlex.quote(prefix)}\n{''.join(parts)}"


def parse(lines: Iterable[str]) -> Circumstances:
    """Parse the answer. Raise ProbeError if it was cut short."""
    facts: dict[str, str] = {}
    condas: list[str] = []
    begun = False
    for line in lines:
        kind, _, value = line.rstrip("\r\n").partition("\t")
        if (kind, value) == ("begin", ""):
            begun, facts, condas = True, {}, []
        elif begun and (kind, value) == ("end", "ok"):
            return Circumstances(
                {"on": True, "off": False}.get(facts.get("filevault", "")),
                read_number(facts["sleep"]) if "sleep" in facts else None,
                read_number(facts["womp"]) > 0 if "womp" in facts else None,
                read_number(facts["updates"]) if "updates" in facts else None,
                tuple(condas[:_MOST_CONDAS]),
            )
        elif kind == "conda":
            condas.append(value[:LONGEST_NAME])
        else:
            facts[kind] = value[:LONGEST_NAME]
    raise ProbeError("its answer was cut short", "Run the command again.")

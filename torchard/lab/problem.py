"""What is wrong with a lab file, where, and what to write instead."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchard.lab.model import Position

_SHOWN = 60  # characters: enough to recognise a value by
# A user's password before a host, and the token of a conda channel.
_SECRET = re.compile(r"(?<=://)[^\"]*(?=@)|(?<=/t/)[^/\"]+")


@dataclass(frozen=True)
class Problem:
    """One fault: a sentence on what was found, and what to write instead.

    A position at line 0 is a whole file's, or that of something which stands in none.
    """

    where: Position
    sentence: str
    instead: str

    def __str__(self) -> str:
        where = self.where if self.where.line else self.where.file
        return f"{where}: {self.sentence}\n  {self.instead}"


class LabError(TorchardError):
    """A lab file that cannot be used. `problems` are all its faults, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_place))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.where.file, problem.where.line, problem.where.column


def shown(value: object) -> str:
    """Return a value as a sentence shows it: quoted, printable, without secrets, cut where long."""
    text = _SECRET.sub("…", json.dumps(value, ensure_ascii=False, default=str))
    printable = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
    return printable if len(printable) <= _SHOWN else f"{printable[: _SHOWN - 1]}…"

"""What is wrong with a lab file, where, and what to write instead."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from torchard.errors import TorchardError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torchard.lab.model import Position

MAX_PROBLEMS = 100  # told of one file: whoever mends those is told of the rest
_SHOWN = 60  # characters: enough to recognise a value by
# The token of a conda channel, and what stands behind a URL's path.
_TOKEN = re.compile(r"(?<=/t/)[^/\"]+")
_QUERY = re.compile(r"(?<=[?#])[^\"]+")


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
    """A lab file that cannot be used. `problems` are its faults, in the file's order.

    Its text tells the first MAX_PROBLEMS of them, and whether there are more.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_place))
        lines = [str(problem) for problem in self.problems[:MAX_PROBLEMS]]
        if len(self.problems) > MAX_PROBLEMS:
            lines.append(f"These are {MAX_PROBLEMS} of its faults; mend them, and see the others.")
        super().__init__("\n".join(lines))


def few(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Return as many problems as are told, and one to tell by that there are more.

    To find what a person may have meant takes time, for each of them.
    """
    return islice(problems, MAX_PROBLEMS + 1)


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.where.file, problem.where.line, problem.where.column


def shown(value: object) -> str:
    """Return a value as a sentence shows it: quoted, printable, without secrets, cut where long."""
    text = _without_secrets(json.dumps(value, ensure_ascii=False, default=str))
    printable = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
    return printable if len(printable) <= _SHOWN else f"{printable[: _SHOWN - 1]}…"


def _without_secrets(text: str) -> str:
    """Leave out what may be a password or a token: what stands before a host, in a path, behind it.

    No pattern does the first: it would look for the last @ anew at each of a million `://`.
    """
    login, at, place = text.rpartition("@")
    before, colon, _ = login.partition(":")
    if at and colon:
        slashes = "//" if login.startswith("//", len(before) + 1) else ""
        text = f"{before}:{slashes}…@{place}"
    if "://" in text:
        text = _QUERY.sub("…", text)
    return _TOKEN.sub("…", text)

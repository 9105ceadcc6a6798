"""The problems of a lab file: where each is, what is wrong, and what to write instead."""

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

MAX_PROBLEMS = 100  # reported for one file; the rest is reported once these are corrected
_QUOTED = 60  # characters, enough to recognise a value
# The token of a conda channel, and what follows the path of a URL.
_TOKEN = re.compile(r"(?<=/t/)[^/\"]+")
_QUERY = re.compile(r"(?<=[?#])[^\"]+")


@dataclass(frozen=True)
class Problem:
    """One problem: a sentence on what was found, and one on what to write instead.

    Line 0 means the whole file, or a value that is in no file.
    """

    where: Position
    sentence: str
    instead: str

    def __str__(self) -> str:
        where = self.where if self.where.line else self.where.file
        return f"{where}: {self.sentence}\n  {self.instead}"


class LabError(TorchardError):
    """A lab file that cannot be used. `problems` are in the file's order.

    The message lists the first MAX_PROBLEMS of them, and says whether there are more.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_place))
        lines = [str(problem) for problem in self.problems[:MAX_PROBLEMS]]
        if len(self.problems) > MAX_PROBLEMS:
            lines.append(
                f"There are more than {MAX_PROBLEMS} problems: correct these to see the rest."
            )
        super().__init__("\n".join(lines))


def take_few(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield as many problems as are reported, and one more to show that there are more.

    Others are not even computed: a suggestion for each takes time.
    """
    return islice(problems, MAX_PROBLEMS + 1)


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.where.file, problem.where.line, problem.where.column


def quote(value: object) -> str:
    """Return a value for a sentence: quoted, printable, without secrets, cut if it is long."""
    text = _without_secrets(json.dumps(value, ensure_ascii=False, default=str))
    # What is cut off need not be made printable: a text may have a million characters.
    few = text[: _QUOTED + 1]
    printable = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in few)
    return printable if len(printable) <= _QUOTED else f"{printable[: _QUOTED - 1]}…"


def _without_secrets(text: str) -> str:
    """Remove what may be a password or a token: before a URL's host, in its path, or after it.

    A pattern for the first would search for the last @ again after each of a million `://`.
    """
    login, at, place = text.rpartition("@")
    before, colon, _ = login.partition(":")
    if at and colon:
        slashes = "//" if login.startswith("//", len(before) + 1) else ""
        text = f"{before}:{slashes}…@{place}"
    if "://" in text:
        text = _QUERY.sub("…", text)
    return _TOKEN.sub("…", text)

"""The error of an environment that no set of packages satisfies, once for all classes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchard.lock.lockfile import LockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torchard.catalog.mac_class import MacClass
    from torchard.lab.model import Position

_MOST_LINES = 12  # of a solver's words
_MOST_WORDS = 1_500  # characters of them


class UnsolvableError(LockError):
    """No set of packages satisfies an environment for some classes of Macs.

    `cause` is a clause that names no class. So classes that share it can share a message.
    """

    def __init__(
        self,
        where: Position,
        environment: str,
        classes: Sequence[MacClass],
        cause: str,
        instead: str,
    ) -> None:
        names = _join(sorted(map(str, classes)))
        super().__init__(_format(where, environment, names, cause), instead)
        self.where = where
        self.environment = environment
        self.classes = tuple(classes)
        self.cause = cause

    def describe_for(self, own: MacClass) -> str:
        """Return the message for one Mac, whose own macOS `own` begins at."""
        macos = own.macos.removesuffix(".0")
        text = _format(self.where, self.environment, f"macOS {macos} on {own.arch}", self.cause)
        return f"{text} {self.instead}".strip()


def merge_errors(errors: Iterable[UnsolvableError]) -> list[UnsolvableError]:
    """Return one error for all classes that share an environment and a cause."""
    groups: dict[tuple[str, str, str, str], list[UnsolvableError]] = {}
    for one in errors:
        key = (str(one.where), one.environment, one.cause, one.instead)
        groups.setdefault(key, []).append(one)
    return [
        UnsolvableError(
            same[0].where,
            same[0].environment,
            tuple(dict.fromkeys(group for one in same for group in one.classes)),
            same[0].cause,
            same[0].instead,
        )
        for same in groups.values()
    ]


def quote(text: str) -> str:
    """Return a solver's words for a message: without hints, indented, and bounded."""
    kept = [line for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    if len(kept) > _MOST_LINES:
        kept = [*kept[:_MOST_LINES], "..."]
    words = "\n".join(kept)
    if len(words) > _MOST_WORDS:
        words = f"{words[:_MOST_WORDS]}..."
    lines = words.splitlines()
    return f" {words}" if len(lines) == 1 else "".join(f"\n    {line}" for line in lines)


def _format(where: Position, environment: str, macs: str, cause: str) -> str:
    end = "" if "\n" in cause or cause.endswith(".") else "."
    return f"{where}: {environment} cannot be locked for {macs}: {cause}{end}"


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

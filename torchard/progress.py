"""Who is told what takes long: nobody, unless a terminal watches."""

from __future__ import annotations

from typing import Literal, Protocol

Outcome = Literal["done", "failed"]


class Progress(Protocol):
    """What a session tells while it works. Nothing of it is part of a result."""

    def announce(self, message: str) -> None:
        """Say what the controller itself does now."""

    def fetched(self, file: str, done: int, total: int) -> None:
        """Say that a file comes to the controller: `done` of `total` bytes, 0 where not known."""

    def mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Say what one Mac does now; `done` of `total` bytes, where there are bytes."""

    def finished(self, name: str, outcome: Outcome) -> None:
        """Say that one Mac has come to its end, and how."""

    def pause(self) -> None:
        """Make room on the screen: something is asked."""

    def resume(self) -> None:
        """Go on after a pause."""


class Silent:
    """A Progress that nobody watches."""

    def announce(self, message: str) -> None:
        """Say nothing."""

    def fetched(self, file: str, done: int, total: int) -> None:
        """Say nothing."""

    def mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Say nothing."""

    def finished(self, name: str, outcome: Outcome) -> None:
        """Say nothing."""

    def pause(self) -> None:
        """Have nothing to clear."""

    def resume(self) -> None:
        """Have nothing to show."""

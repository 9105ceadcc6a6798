"""What a run reports while it works. Nothing of it is part of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

Outcome = Literal["done", "failed"]


class Progress(Protocol):
    """Where a run reports what it is doing now. All sizes are in bytes."""

    def announce(self, message: str) -> None:
        """Report what the controller itself does now."""

    def report_download(self, file: str, done: int, total: int) -> None:
        """Report downloads to the controller: `done` of `total` bytes, 0 if that is not known.

        `file` is the name of a file, or how many there are: `14 files`.
        """

    def begin(self, names: Collection[str]) -> None:
        """Report that something begins that is done on each of these Macs."""

    def report_mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Report what one Mac does now; `done` of `total` bytes, where bytes are sent."""

    def report_end(self, name: str, outcome: Outcome) -> None:
        """Report that the work on one Mac has ended, and how."""

    def report_done(self, name: str) -> None:
        """Report that one Mac needs nothing more of what has begun."""

    def report_unreachable(self, names: Collection[str]) -> None:
        """Report all Macs that could not be read."""

    def pause(self) -> None:
        """Clear the screen for a question."""

    def resume(self) -> None:
        """Continue after a pause."""


class NoProgress:
    """A Progress that shows nothing."""

    def announce(self, message: str) -> None:
        """Show nothing."""

    def report_download(self, file: str, done: int, total: int) -> None:
        """Show nothing."""

    def begin(self, names: Collection[str]) -> None:
        """Show nothing."""

    def report_mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Show nothing."""

    def report_end(self, name: str, outcome: Outcome) -> None:
        """Show nothing."""

    def report_done(self, name: str) -> None:
        """Show nothing."""

    def report_unreachable(self, names: Collection[str]) -> None:
        """Show nothing."""

    def pause(self) -> None:
        """Clear nothing."""

    def resume(self) -> None:
        """Show nothing."""

"""What a run is doing where there is no terminal: one line for each event."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from torchard.render.words import duration, size
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from torchard.progress import Outcome

CONTROLLER = "controller"


class EventProgress:
    """A Progress that prints `[NAME] what begins`, and nothing about the bytes in between.

    `clock` gives seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._steps: dict[str, tuple[str, int]] = {}
        self._downloads: set[str] = set()
        self._starts: dict[str, float] = {}

    def announce(self, message: str) -> None:
        """Print what the controller itself does now."""
        self._print(CONTROLLER, message)

    def report_download(self, file: str, done: int, total: int) -> None:
        """Print that a download to the controller begins, once for each file."""
        if file not in self._downloads and done < total:
            self._downloads.add(file)
            self._print(CONTROLLER, f"fetching {file}, {size(total)}")

    def report_mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:  # noqa: ARG002
        """Print the next step of one Mac; the files of one transfer are one step."""
        self._starts.setdefault(name, self._clock())
        before, self._steps[name] = self._steps.get(name, ("", 0)), (doing, total)
        if total:
            if total != before[1]:
                self._print(name, f"transferring {size(total)}")
        elif doing != before[0]:
            self._print(name, doing)

    def report_end(self, name: str, outcome: Outcome) -> None:
        """Print that the work on one Mac has ended, and how long all of it took."""
        took = self._clock() - self._starts.get(name, self._clock())
        self._print(name, f"{outcome} in {duration(took)}")

    def pause(self) -> None:
        """Do nothing: a question may follow any line."""

    def resume(self) -> None:
        """Do nothing."""

    def _print(self, name: str, text: str) -> None:
        print(f"[{sanitize(name)}] {sanitize(text)}", file=self._stream, flush=True)

"""What a run is doing where there is no terminal: one line for each event, and signs of life."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from torchard.render.run_view import RunView
from torchard.render.words import duration, macs, size
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import TracebackType
    from typing import TextIO

    from torchard.progress import Outcome

CONTROLLER = "controller"
SILENCE = 60  # seconds without a line, after which one says what the run waits for
_NAMED = 5  # Macs in one line


class EventProgress:
    """A Progress that prints `[NAME] what begins`, and nothing about the bytes in between.

    As a context manager it also prints a line after each SILENCE. `clock` gives seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._view = RunView(clock)
        self._steps: dict[str, tuple[str, int]] = {}
        self._downloads: set[tuple[str, int]] = set()
        self._printed = clock()
        self._is_over = threading.Event()
        self._is_paused = False

    def __enter__(self) -> EventProgress:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Begin to watch for silence."""
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.wait(SILENCE - (self._clock() - self._printed)):
            self.break_silence()

    def break_silence(self) -> None:
        """Print what the run waits for, if nothing was printed for SILENCE."""
        if self._clock() - self._printed < SILENCE:
            return
        busy = [f"{name} {text}" for name, text in self._view.list_busy()]
        busy = busy or self._view.list_waiting()
        step = self._view.controller
        parts = [] if step is None else [step.describe(self._clock())]
        parts += [] if self._view.is_alone else [self._view.summarize()]
        parts += [f"waiting for {_name_some(busy)}"] if busy else []
        if self._is_paused or not parts:
            self._printed = self._clock()
            return
        self._print(CONTROLLER, "; ".join(parts))

    def announce(self, message: str) -> None:
        """Print what the controller itself does now."""
        self._view.set_controller(message)
        self._print(CONTROLLER, message)

    def report_download(self, file: str, done: int, total: int) -> None:
        """Print that a download to the controller begins, once for each file or set of files."""
        self._view.set_controller(f"fetching {file}", done, total)
        if done == total:
            self._view.controller = None
        if (file, total) not in self._downloads and done < total:
            self._downloads.add((file, total))
            self._print(CONTROLLER, f"fetching {file}, {size(total)}")

    def begin(self, names: Collection[str]) -> None:
        """Print nothing: each Mac has its own lines."""
        self._view.begin(names)

    def report_mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Print the next step of one Mac; the files of one transfer are one step."""
        self._view.set_step(name, doing, done, total)
        before, self._steps[name] = self._steps.get(name, ("", 0)), (doing, total)
        if total:
            if total != before[1]:
                self._print(name, f"transferring {size(total)}")
        elif doing != before[0]:
            self._print(name, doing)

    def report_end(self, name: str, outcome: Outcome) -> None:
        """Print that the work on one Mac has ended, and how long all of it took."""
        self._print(name, f"{outcome} in {duration(self._view.end(name, outcome))}")

    def report_done(self, name: str) -> None:
        """Print nothing: a log has other events."""
        self._view.end(name, "done")

    def report_unreachable(self, names: Collection[str]) -> None:
        """Print in one line which Macs could not be read; the result has the reasons."""
        self._print(CONTROLLER, f"{macs(len(names))} unreachable: {_name_some(sorted(names))}")

    def pause(self) -> None:
        """Print no sign of life during a question."""
        self._is_paused = True

    def resume(self) -> None:
        """Print signs of life again."""
        self._is_paused = False

    def _print(self, name: str, text: str) -> None:
        self._printed = self._clock()
        print(f"[{sanitize(name)}] {sanitize(text)}", file=self._stream, flush=True)


def _name_some(names: Collection[str]) -> str:
    """Return the first of some names, and how many more there are."""
    some = list(names)
    more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
    return ", ".join(some[:_NAMED]) + more

"""What a run is doing, on a terminal: lines that fit it, drawn again several times in a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from torchard.render.run_view import RunView

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import TracebackType

    from rich.console import Console, ConsoleOptions, RenderResult

    from torchard.progress import Outcome

_PER_SECOND = 8
_MARGIN = 1  # line below the others, for the cursor


class LiveProgress:
    """A Progress on a terminal. Use it as a context manager; it leaves no line behind.

    `clock` gives seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._view = RunView(clock)
        self._spinner = Spinner("dots")
        self._console = console
        self._live = self._start_later()

    def _start_later(self) -> Live:
        return Live(self, console=self._console, transient=True, refresh_per_second=_PER_SECOND)

    def __enter__(self) -> LiveProgress:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Show the lines."""
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Clear the lines."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw what is known now, as large as the terminal is now."""
        height = console.size.height - _MARGIN
        step = self._view.controller
        if step is not None and height > 0:
            now = self._view.clock()
            frames = self._spinner.frames
            frame = frames[int(now * 1000 / self._spinner.interval) % len(frames)]
            line = Text(f"{frame} {step.describe(now)}")
            line.truncate(options.max_width, overflow="ellipsis")
            height -= 1
            yield line
        for line in self._view.draw(options.max_width, height):
            line.no_wrap = True
            yield line

    def refresh(self) -> None:
        """Draw at once."""
        self._live.refresh()

    def announce(self, message: str) -> None:
        """Show what the controller itself does now."""
        self._view.set_controller(message)

    def report_download(self, file: str, done: int, total: int) -> None:
        """Show a download in the controller's line until it is complete."""
        self._view.set_controller(f"fetching {file}", done, total)
        if done == total:
            self._view.controller = None

    def begin(self, names: Collection[str]) -> None:
        """Show how many of these Macs are done."""
        self._view.begin(names)

    def report_mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Show what one Mac does now."""
        self._view.set_step(name, doing, done, total)

    def report_end(self, name: str, outcome: Outcome) -> None:
        """Count a Mac on which the work has ended; show one that has failed."""
        self._view.end(name, outcome)

    def report_done(self, name: str) -> None:
        """Count a Mac."""
        self._view.end(name, "done")

    def report_unreachable(self, names: Collection[str]) -> None:
        """Show Macs that could not be read together."""
        self._view.add_unreachable(names)

    def pause(self) -> None:
        """Clear the lines until the next `resume`."""
        self._live.stop()

    def resume(self) -> None:
        """Show the lines again."""
        self._live = self._start_later()
        self._live.start(refresh=True)

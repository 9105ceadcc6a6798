"""What a run is doing, live on a terminal: one line for the controller and one for each Mac."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from torchard.render.words import duration, size
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.console import Console

    from torchard.progress import Outcome

_OUTCOMES = {"done": ("=", "green"), "failed": ("!", "red")}


@dataclass(frozen=True)
class _Line:
    """What one Mac, or the controller, does; times in seconds of the clock.

    `began` is when its whole run began, `since` when this step of it did; `flows` is when bytes
    began to come, and how many there were then.
    """

    doing: str
    began: float
    since: float
    done: int = 0
    total: int = 0
    flows: tuple[float, int] = (0.0, 0)
    outcome: Outcome | None = None

    def then(self, doing: str, now: float, done: int, total: int) -> _Line:
        """Return what is done next: the same step with more bytes, or another one."""
        same = total and total == self.total and done >= self.done
        flows = self.flows if same else (now, done)
        since = self.since if doing == self.doing else now
        return _Line(doing, self.began, since, done, total, flows)

    def text(self, now: float) -> str:
        """Say what is done, for how long, and where there are bytes, how fast they come."""
        parts = [sanitize(self.doing)]
        if self.total:
            parts.append(f"{size(self.done)} of {size(self.total)}")
            took, came = now - self.flows[0], self.done - self.flows[1]
            if took >= 1 and came:
                parts.append(f"{size(round(came / took))}/s")
        return "  ".join([*parts, duration(now - self.since)])


class LiveProgress:
    """A Progress that a person watches. Use it as a context manager; it leaves no line behind.

    `pause` clears the lines for as long as something is asked. Where no terminal is, nothing is
    shown. `clock` gives seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spinner = Spinner("dots")
        self._controller: _Line | None = None
        self._macs: dict[str, _Line] = {}
        # Last: it asks for the table at once.
        self._live = Live(console=console, transient=True, get_renderable=self._table)

    def __enter__(self) -> LiveProgress:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Begin to show."""
        self._live.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Clear what is shown."""
        self._live.stop()

    def announce(self, message: str) -> None:
        """Say what the controller itself does now."""
        now = self._clock()
        self._controller = _Line(message, now, now)

    def fetched(self, file: str, done: int, total: int) -> None:
        """Say that a file comes to the controller."""
        now = self._clock()
        before = self._controller or _Line("", now, now)
        after = before.then(f"fetching {file}", now, done, total)
        self._controller = after if done != total else None

    def mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Say what one Mac does now."""
        now = self._clock()
        before = self._macs.get(name) or _Line("", now, now)
        self._macs[name] = before.then(doing, now, done, total)
        if self._controller is not None and not self._controller.total:
            self._controller = None  # what it announced is over; a file that comes is not

    def finished(self, name: str, outcome: Outcome) -> None:
        """Say that one Mac has come to its end."""
        now = self._clock()
        before = self._macs.get(name)
        self._macs[name] = _Line("", before.began if before else now, now, outcome=outcome)

    def pause(self) -> None:
        """Clear the lines until the next `resume`."""
        self._live.stop()

    def resume(self) -> None:
        """Show the lines again."""
        self._live.start()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        controller = self._controller
        if controller is not None:
            table.add_row(self._spinner, Text(controller.text(self._clock())))
        # A copy: it is drawn by a thread of its own, while Macs come in.
        for name, line in list(self._macs.items()):
            table.add_row(Text(sanitize(name)), self._text(line))
        return table

    def _text(self, line: _Line) -> Text:
        if line.outcome is not None:
            sign, style = _OUTCOMES[line.outcome]
            took = duration(line.since - line.began)
            return Text(f"{sign} {line.outcome} in {took}", style=style)
        return Text(line.text(self._clock()))

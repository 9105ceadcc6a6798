"""What a run is doing, live on a terminal: one line for the controller and one for each Mac."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from torchard.render.harmless import harmless
from torchard.render.words import duration, size

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.console import Console

    from torchard.progress import Outcome

_OUTCOMES = {"done": ("=", "green"), "failed": ("!", "red")}


@dataclass(frozen=True)
class _Line:
    """What one Mac does, since when the whole run and this step of it go on, in seconds."""

    doing: str
    began: float
    since: float
    outcome: Outcome | None = None


class LiveProgress:
    """A Progress that a person watches. Use it as a context manager; it leaves no line behind.

    `pause` clears the lines for as long as something is asked. Where no terminal is, nothing is
    shown. `clock` gives seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spinner = Spinner("dots")
        self._controller = ""
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
        self._controller = message

    def mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Say what one Mac does now."""
        now = self._clock()
        before = self._macs.get(name)
        self._controller = ""
        amount = f"  {size(done)} of {size(total)}" if total else ""
        self._macs[name] = _Line(f"{doing}{amount}", before.began if before else now, now)

    def finished(self, name: str, outcome: Outcome) -> None:
        """Say that one Mac has come to its end."""
        now = self._clock()
        before = self._macs.get(name)
        self._macs[name] = _Line("", before.began if before else now, now, outcome)

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
        if self._controller:
            table.add_row(self._spinner, Text(harmless(self._controller)))
        # A copy: it is drawn by a thread of its own, while Macs come in.
        for name, line in list(self._macs.items()):
            table.add_row(Text(harmless(name)), self._text(line))
        return table

    def _text(self, line: _Line) -> Text:
        if line.outcome is not None:
            sign, style = _OUTCOMES[line.outcome]
            took = duration(line.since - line.began)
            return Text(f"{sign} {line.outcome} in {took}", style=style)
        return Text(f"{harmless(line.doing)}  {duration(self._clock() - line.since)}")

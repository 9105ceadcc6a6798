"""What a run is doing, live on a terminal: one line for the controller and one for each Mac."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from torchard.render.text import size

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from torchard.progress import Outcome

_OUTCOMES = {"done": ("=", "green"), "failed": ("!", "red")}


class LiveProgress:
    """A Progress that a person watches. Use it as a context manager; it leaves no line behind.

    `pause` clears the lines for as long as something is asked.
    """

    def __init__(self, console: Console) -> None:
        self._spinner = Spinner("dots")
        self._controller = ""
        self._macs: dict[str, Text] = {}
        self._since: dict[str, float] = {}
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
        self._since.setdefault(name, time.monotonic())
        self._controller = ""
        amount = f"  {size(done)} of {size(total)}" if total else ""
        self._macs[name] = Text(f"{doing}{amount}")

    def finished(self, name: str, outcome: Outcome) -> None:
        """Say that one Mac has come to its end."""
        took = time.monotonic() - self._since.get(name, time.monotonic())
        sign, style = _OUTCOMES[outcome]
        self._macs[name] = Text(f"{sign} {outcome} in {took:.0f} s", style=style)

    def pause(self) -> None:
        """Clear the lines until the next `resume`."""
        self._live.stop()

    def resume(self) -> None:
        """Show the lines again."""
        self._live.start()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        if self._controller:
            table.add_row(self._spinner, Text(self._controller))
        for name, text in self._macs.items():
            table.add_row(Text(name), text)
        return table

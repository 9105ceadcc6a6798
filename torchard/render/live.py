"""What a run is doing: one live line for the controller and one for each Mac, on a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import Progress as RichProgress
from rich.progress import ProgressColumn
from rich.spinner import Spinner
from rich.text import Text

from torchard.render.words import duration, size
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.console import Console, RenderableType
    from rich.progress import Task, TaskID

    from torchard.progress import Outcome

_OUTCOMES = {"done": ("=", "green"), "failed": ("!", "red")}
_RATE_AFTER = 1  # seconds: before that, a rate says little


class LiveProgress:
    """A Progress on a terminal. Use it as a context manager; it leaves no line behind.

    `clock` gives seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._progress = RichProgress(
            _NameColumn(), _StepColumn(), console=console, transient=True, get_time=clock
        )
        self._tasks: dict[str | None, TaskID] = {}  # None is the controller
        self._starts: dict[str, float] = {}

    def __enter__(self) -> LiveProgress:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Show the lines."""
        self._progress.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Clear the lines."""
        self._progress.stop()

    def announce(self, message: str) -> None:
        """Show what the controller itself does now."""
        self._show(None, message, 0, 0)

    def report_download(self, file: str, done: int, total: int) -> None:
        """Show a download in the controller's line until it is complete."""
        self._show(None, f"fetching {file}", done, total)
        if done == total:
            self._progress.update(self._tasks[None], visible=False)

    def report_mac(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Show what one Mac does now."""
        self._starts.setdefault(name, self._clock())
        self._show(name, doing, done, total)
        controller = self._tasks.get(None)
        if controller is not None and not self._progress.tasks[controller].total:
            self._progress.update(controller, visible=False)  # what it announced is over

    def report_end(self, name: str, outcome: Outcome) -> None:
        """Show that the work on one Mac has ended, and how long all of it took."""
        took = self._clock() - self._starts.get(name, self._clock())
        self._show(name, "", 0, 0)
        self._progress.update(self._tasks[name], outcome=outcome, took=took)

    def pause(self) -> None:
        """Clear the lines until the next `resume`."""
        self._progress.stop()

    def resume(self) -> None:
        """Show the lines again."""
        self._progress.start()

    def _show(self, name: str | None, doing: str, done: int, total: int) -> None:
        """Show a step: the same one with more bytes, or another, which restarts its clock."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(doing, total=total, name=name)
        task_id = self._tasks[name]
        task = self._progress.tasks[task_id]
        is_same = doing == task.description or (total and total == task.total)
        if not is_same or total != task.total or done < task.completed:
            self._progress.reset(task_id, total=total, description=doing, name=name)
        self._progress.update(task_id, completed=done, description=doing, visible=True)


class _NameColumn(ProgressColumn):
    """The name of a Mac; a spinner for the controller."""

    def __init__(self) -> None:
        super().__init__()
        self._spinner = Spinner("dots")

    def render(self, task: Task) -> RenderableType:
        """Return one cell."""
        name = task.fields["name"]
        if name is None:
            return self._spinner.render(task.get_time())
        return Text(f"{sanitize(name)} ", no_wrap=True)


class _StepColumn(ProgressColumn):
    """What is done, for how long, and where there are bytes, how many and how fast."""

    def render(self, task: Task) -> RenderableType:
        """Return one cell."""
        outcome = task.fields.get("outcome")
        if outcome:
            sign, style = _OUTCOMES[outcome]
            return Text(f"{sign} {outcome} in {duration(task.fields['took'])}", style=style)
        parts = [sanitize(task.description)]
        elapsed = task.elapsed or 0
        if task.total:
            parts.append(f"{size(int(task.completed))} of {size(int(task.total))}")
            if task.speed and elapsed >= _RATE_AFTER:
                parts.append(f"{size(round(task.speed))}/s")
        return Text("  ".join([*parts, duration(elapsed)]), no_wrap=True)

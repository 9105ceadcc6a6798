"""What a run is doing now, as lines that fit a terminal: counts, then failed and busy Macs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from torchard.render.words import duration, macs, size
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from torchard.progress import Outcome

_RATE_AFTER = 1  # seconds: before that, a rate says little
_WINDOW = 30  # seconds over which a rate is measured
_MORE = 4  # columns for ` +12` after a name


@dataclass
class Step:
    """One thing that is being done, since `start`; sizes are bytes, times are seconds."""

    doing: str
    start: float
    done: int = 0
    total: int = 0
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def count(self, now: float, done: int) -> None:
        """Note how many bytes are done now."""
        self.done = done
        self._samples.append((now, done))
        while self._samples[0][0] < now - _WINDOW and len(self._samples) > 2:
            self._samples.popleft()

    @property
    def rate(self) -> float:
        """Bytes in a second; 0 as long as it is not known."""
        if not self._samples:
            return 0
        (first, begun), (last, done) = self._samples[0], self._samples[-1]
        return (done - begun) / (last - first) if last - first >= _RATE_AFTER else 0

    def describe(self, now: float) -> str:
        """Return the step with its time: `pushing  14 %  30 MB of 214 MB  12 s  torch.whl`.

        A file's name is last, because a narrow terminal cuts off what is last.
        """
        took = duration(now - self.start)
        if not self.total:
            return f"{sanitize(self.doing)}  {took}"
        verb, _, file = sanitize(self.doing).partition(" ")
        words = bytes_words(self.done, self.total, self.rate)
        return "  ".join([verb, *words, took, *([file] if file else [])])


def bytes_words(done: int, total: int, rate: float) -> list[str]:
    """Return how far a transfer is: a percentage, the bytes, and how many of them in a second."""
    if not total:
        return []
    words = [f"{100 * min(done, total) // total} %", f"{size(done)} of {size(total)}"]
    return [*words, f"{size(round(rate))}/s"] if round(rate) else words


@dataclass
class RunView:
    """What is known of a run. `clock` gives seconds."""

    clock: Callable[[], float]
    controller: Step | None = None
    _stage: dict[str, None] = field(default_factory=dict)
    _stage_start: float = 0
    _starts: dict[str, float] = field(default_factory=dict)
    _steps: dict[str, Step] = field(default_factory=dict)
    _ended: dict[str, tuple[Outcome, float]] = field(default_factory=dict)
    _unreachable: dict[str, None] = field(default_factory=dict)

    def begin(self, names: Collection[str]) -> None:
        """Begin a stage of the run, in which something is done on these Macs."""
        if not self._steps:
            self._stage, self._stage_start = {}, self.clock()
        self._stage.update(dict.fromkeys(names))
        for name in names:
            self._ended.pop(name, None)
            self._steps.pop(name, None)

    def set_controller(self, doing: str, done: int = 0, total: int = 0) -> None:
        """Note what the controller does now."""
        self.controller = self._advance(self.controller, doing, done, total)

    def set_step(self, name: str, doing: str, done: int = 0, total: int = 0) -> None:
        """Note what a Mac does now: the same step with more bytes, or another one."""
        self._stage.setdefault(name)
        self._starts.setdefault(name, self.clock())
        self._ended.pop(name, None)
        self._steps[name] = self._advance(self._steps.get(name), doing, done, total)
        if self.controller is not None and not self.controller.total:
            self.controller = None  # what it announced is over

    def _advance(self, step: Step | None, doing: str, done: int, total: int) -> Step:
        # The bytes of several downloads become more when another one begins.
        is_same = step is not None and (
            0 < step.total <= total and done >= step.done
            if total
            else not step.total and doing == step.doing
        )
        if step is None or not is_same:
            step = Step(doing, self.clock())
        step.doing, step.total = doing, total
        if total:
            step.count(self.clock(), done)
        return step

    def end(self, name: str, outcome: Outcome) -> float:
        """Note how the work on a Mac has ended; return how long all of it took."""
        self._stage.setdefault(name)
        self._steps.pop(name, None)
        if name in self._ended:
            return self._ended[name][1]
        took = self.clock() - self._starts.pop(name, self.clock())
        self._ended[name] = (outcome, took)
        return took

    def add_unreachable(self, names: Iterable[str]) -> None:
        """Note Macs that could not be read."""
        self._unreachable.update(dict.fromkeys(names))

    @property
    def is_alone(self) -> bool:
        """Whether the stage is about one Mac, which needs no count."""
        return len(self._stage) < 2

    def summarize(self) -> str:
        """Return `12 of 30 done, 1 failed, 1 min 10 s`."""
        outcomes = [self._ended[name][0] for name in self._stage if name in self._ended]
        failed = sum(one == "failed" for one in outcomes)
        parts = [f"{len(outcomes)} of {len(self._stage)} done"]
        parts += [f"{failed} failed"] if failed else []
        return ", ".join([*parts, duration(self.clock() - self._stage_start)])

    def list_busy(self) -> list[tuple[str, str]]:
        """Return each busy Mac with what it does."""
        now = self.clock()
        return [(name, step.describe(now)) for name, step in self._steps.items()]

    def list_waiting(self) -> list[str]:
        """Return the Macs of this stage of which nothing more was reported."""
        return [one for one in self._stage if one not in self._steps and one not in self._ended]

    def draw(self, width: int, height: int) -> list[Text]:
        """Return at most `height` lines of at most `width` columns: folded as far as needed."""
        for busy, failed in (
            (self._list_rows, self._failed_rows),
            (self._fold_rows, self._failed_rows),
            (self._fold_rows, self._fold_failed),
        ):
            lines = _align([*failed(), *busy(), *self._other_rows()], width)
            if not self.is_alone:
                lines.insert(0, Text(self.summarize(), style="bold"))
            if len(lines) <= height:
                break
        if len(lines) > height:
            hidden = len(lines) - height + 1
            lines[max(0, height - 1) :] = [Text(f"… {hidden} more lines", style="dim")]
        for line in lines[:height]:
            line.truncate(width, overflow="ellipsis")
        return lines[:height]

    def _failed_rows(self) -> list[_Row]:
        return [
            _Row((name,), f"! failed in {duration(took)}", "red")
            for name, (outcome, took) in self._ended.items()
            if outcome == "failed"
        ]

    def _fold_failed(self) -> list[_Row]:
        names = tuple(row.names[0] for row in self._failed_rows())
        return [_Row(names, f"! {macs(len(names))} failed", "red")] if names else []

    def _list_rows(self) -> list[_Row]:
        return [_Row((name,), text) for name, text in self.list_busy()]

    def _fold_rows(self) -> list[_Row]:
        """Fold Macs that do the same: transfers are the same, whatever the file is called."""
        groups: dict[str, list[str]] = {}
        for name, step in self._steps.items():
            key = step.doing.partition(" ")[0] if step.total else step.doing
            groups.setdefault(key, []).append(name)
        return [self._fold(doing, names) for doing, names in groups.items()]

    def _fold(self, doing: str, names: Sequence[str]) -> _Row:
        steps = [self._steps[name] for name in names]
        done, total = sum(one.done for one in steps), sum(one.total for one in steps)
        parts = [
            f"{macs(len(names))} {sanitize(doing)}" if len(names) > 1 else sanitize(doing),
            *bytes_words(done, total, sum(one.rate for one in steps)),
            duration(self.clock() - min(one.start for one in steps)),
        ]
        return _Row(tuple(names), "  ".join(parts))

    def _other_rows(self) -> list[_Row]:
        waiting, lost = tuple(self.list_waiting()), tuple(self._unreachable)
        rows = [_Row(waiting, f"{macs(len(waiting))} waiting", "dim")] if waiting else []
        rows += [_Row(lost, f"! {macs(len(lost))} unreachable", "yellow")] if lost else []
        return rows


@dataclass(frozen=True)
class _Row:
    names: tuple[str, ...]
    text: str
    style: str = ""


def _align(rows: Sequence[_Row], width: int) -> list[Text]:
    """Put the names before the texts, in one column that leaves room for the longest text."""
    longest = max((Text(row.text).cell_len for row in rows), default=0)
    first = max((Text(sanitize(row.names[0])).cell_len for row in rows), default=0)
    room = max(min(first + _MORE, width // 2), min(width // 2, width - longest - 2))
    names = [fold_names(row.names, room) for row in rows]
    column = max((one.cell_len for one in names), default=0)
    lines = []
    for row, one in zip(rows, names, strict=True):
        one.pad_right(column - one.cell_len + 2)
        lines.append(one.append(row.text, style=row.style))
    return lines


def fold_names(names: Sequence[str], width: int) -> Text:
    """Return as many names as fit, and how many more there are: `studio-01 studio-02 +7`."""
    shown = [sanitize(name) for name in names]
    for count in range(len(shown), 0, -1):
        more = [f"+{len(shown) - count}"] if count < len(shown) else []
        text = Text(" ".join([*shown[:count], *more]))
        if text.cell_len <= width:
            return text
    text = Text(" ".join([shown[0], *([f"+{len(shown) - 1}"] if len(shown) > 1 else [])]))
    text.truncate(width, overflow="ellipsis")
    return text

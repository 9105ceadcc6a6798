"""Add up downloads that run at the same time, so that they have one line and one rate."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class _File(NamedTuple):
    """A file that is fetched: `done` of `size` bytes."""

    name: str
    size: int
    done: int


class Downloads:
    """The downloads of one command, until all of them are complete; then it begins again.

    `report` gets what they are called, the bytes so far, and those of all. A single one is called
    by its own name, several are counted: `14 files`.
    """

    def __init__(self, report: Callable[[str, int, int], None], noun: str = "files") -> None:
        self._report, self._noun = report, noun
        self._files: dict[str, _File] = {}
        self._guard = Lock()

    def expect(self, files: Iterable[tuple[str, str, int]]) -> None:
        """Count files that are about to be fetched: the sha256, the name and the bytes of each."""
        with self._guard:
            if all(one.done >= one.size for one in self._files.values()):
                self._files.clear()
            for sha256, name, size in files:
                self._files.setdefault(sha256, _File(name, size, 0))

    def count(self, sha256: str, name: str, done: int, size: int) -> None:
        """Report that `done` bytes of a file have come; `size` is 0 if it is not known."""
        if not size:
            self._report(name, done, 0)
            return
        self.expect([(sha256, name, size)])
        with self._guard:
            self._files[sha256] = _File(name, size, done)
            self._report_all()

    def finish(self, sha256: str) -> None:
        """Count a file as complete, also if another process has fetched it."""
        with self._guard:
            one = self._files.get(sha256)
            if one is not None and one.done < one.size:
                self._files[sha256] = one._replace(done=one.size)
                self._report_all()

    def abandon(self, digests: Iterable[str]) -> None:
        """Expect files no more, unless they are complete."""
        with self._guard:
            left = [one for one in digests if one in self._files]
            left = [one for one in left if self._files[one].done < self._files[one].size]
            for one in left:
                del self._files[one]
            if left:
                self._report_all()

    def _report_all(self) -> None:
        files = self._files.values()
        name = next(iter(files)).name if len(files) == 1 else f"{len(files)} {self._noun}"
        self._report(name, sum(one.done for one in files), sum(one.size for one in files))

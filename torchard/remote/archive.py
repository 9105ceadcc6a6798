"""Several files for one directory of a host, as one tar stream."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_AT_ONCE = 128 * 1024  # bytes


class Archive(io.RawIOBase):
    """Files with their names on the host, as an archive in the format ustar, which every tar reads.

    `report` gets the number of a file and how many of its bytes were read. `take` is called before
    so many bytes are sent, and waits until they may be; None if there is no limit. No name is
    longer than 100 characters.
    """

    def __init__(
        self,
        files: Sequence[tuple[Path, str]],
        report: Callable[[int, int], None],
        take: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__()
        self.files, self.report, self.take = files, report, take

    def readable(self) -> bool:
        """Say that pyinfra may send it like an open file."""
        return True

    def seek(self, place: int, whence: int = 0, /) -> int:
        """Stay at the beginning, where pyinfra seeks to before it sends a file."""
        if place or whence:
            raise io.UnsupportedOperation("an archive is read once, from its beginning")
        return 0

    def read_pieces(self) -> Iterator[bytes]:
        """Yield the archive in pieces. Raise OSError if a file is not as long as it was."""
        waiting = bytearray()
        for part in self._read_parts():
            waiting += part
            if len(waiting) >= _AT_ONCE:
                yield bytes(waiting)
                waiting.clear()
        yield bytes(waiting + bytes(2 * tarfile.BLOCKSIZE))

    def _read_parts(self) -> Iterator[bytes]:
        for number, (path, name) in enumerate(self.files):
            with path.open("rb") as file:
                member = tarfile.TarInfo(name)
                member.size, member.mode = file.seek(0, io.SEEK_END), 0o644
                yield member.tobuf(tarfile.USTAR_FORMAT)
                file.seek(0)
                left = member.size
                while data := file.read(min(_AT_ONCE, left)):
                    left -= len(data)
                    self.report(number, member.size - left)
                    if self.take is not None:
                        self.take(len(data))
                    yield data
            if left:
                raise OSError(f"{path.name} became shorter while it was sent")
            yield bytes(-member.size % tarfile.BLOCKSIZE)

"""A file on a web server that fetches only the parts that are read."""

from __future__ import annotations

import io
import math
from typing import Any

from torchard.depot.connection import BrokenOffError, DownloadError, RangeError, open_url

_BLOCK = 1 << 16  # bytes in one request, at least


class RangedFile(io.RawIOBase):
    """A URL on a server that supports Range requests. Raise OSError where it does not.

    It fetches a block around what is read, and keeps the last one. `most` bounds the bytes that it
    fetches in all; without it, there is no bound.
    """

    def __init__(self, url: str, most: int | None = None) -> None:
        super().__init__()
        self.url = url
        self.size = self._request(0, 0)[1]  # bytes
        self._left: float = math.inf if most is None else most
        self._place = 0
        self._block, self._begin = b"", 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte to read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the offset of the next byte to read. Nothing is fetched."""
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}
        self._place = max(0, starts[whence] + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, or less of it at the end of the file."""
        end = min(self._place + len(buffer), self.size)
        if end <= self._place:
            return 0
        if not self._begin <= self._place <= end <= self._begin + len(self._block):
            self._fill(end)
        content = self._block[self._place - self._begin : end - self._begin]
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def _fill(self, end: int) -> None:
        """Fetch the block from the present place to `end`, or a larger one."""
        # The end of an archive is read first, in small parts, so a block reaches back before it.
        begin = max(0, min(self._place, self.size - _BLOCK))
        end = min(max(end, self._place + _BLOCK), self.size)
        self._left -= end - begin
        if self._left < 0:
            raise OSError("too much of it would have to be read")
        self._block, self._begin = self._request(begin, end - 1)[0], begin

    def _request(self, first: int, last: int) -> tuple[bytes, int]:
        """Return the bytes from `first` to `last`, both included, and the size of the whole."""
        try:
            answer = open_url(self.url, headers={"Range": f"bytes={first}-{last}"})
        except (BrokenOffError, DownloadError, RangeError) as error:
            raise OSError(str(error) or "the server has no such part") from error
        with answer:
            whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
            if answer.status != 206 or not whole.isdecimal():
                raise OSError("the server only sends whole files")
            return answer.read(last - first + 1, decode_content=False), int(whole)

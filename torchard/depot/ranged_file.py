"""A file on a web server that fetches only the bytes that are read."""

from __future__ import annotations

import io
from typing import Any

from torchard.depot.connection import BrokenOffError, DownloadError, RangeError, open_url


class RangedFile(io.RawIOBase):
    """A URL on a server that supports Range requests. Raise OSError where it does not.

    `size` is the whole size in bytes; without it, the server is asked. `fetched` counts the bytes
    received.
    """

    def __init__(self, url: str, size: int | None = None) -> None:
        super().__init__()
        self.url = url
        self.size = self._request(0, 0)[1] if size is None else size
        self.fetched = 0
        self._place = 0

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
        self._place = starts[whence] + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, or less of it at the end of the file."""
        last = min(self._place + len(buffer), self.size) - 1
        if last < self._place:
            return 0
        content, _ = self._request(self._place, last)
        buffer[: len(content)] = content
        self._place += len(content)
        self.fetched += len(content)
        return len(content)

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

"""A file on a server, of which only the bytes that are read are fetched."""

from __future__ import annotations

import io
from typing import Any

from torchard.depot.connection import BrokenOffError, DownloadError, RangeError, open_url


class RangedFile(io.RawIOBase):
    """Read a URL from a server that answers Range requests; OSError where it does not.

    `size` is that of the whole in bytes, asked for where it is not given; `fetched` counts the
    bytes that came.
    """

    def __init__(self, url: str, size: int | None = None) -> None:
        super().__init__()
        self.url = url
        self.size = self._ask(0, 0)[1] if size is None else size
        self.fetched = 0
        self._place = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that any part can be read."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte to read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing is fetched."""
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}
        self._place = starts[whence] + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fetch as much as a buffer holds, or less at the end."""
        last = min(self._place + len(buffer), self.size) - 1
        if last < self._place:
            return 0
        content, _ = self._ask(self._place, last)
        buffer[: len(content)] = content
        self._place += len(content)
        self.fetched += len(content)
        return len(content)

    def _ask(self, first: int, last: int) -> tuple[bytes, int]:
        """Return the bytes from `first` to `last`, both included, and the size of the whole."""
        try:
            answer = open_url(self.url, headers={"Range": f"bytes={first}-{last}"})
        except (BrokenOffError, DownloadError, RangeError) as error:
            raise OSError(str(error) or "its server has no such part") from error
        with answer:
            whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
            if answer.status != 206 or not whole.isdecimal():
                raise OSError("its server sends whole files only")
            return answer.read(last - first + 1, decode_content=False), int(whole)

"""Read numbers and names from bytes that nobody has checked, within a bound."""

from __future__ import annotations

NAMES_MOST = 1 << 26  # bytes of all names in one file; those of libtorch_cpu have 4 MB
_PER_NAME = 16  # bytes that a name costs at least, so that there are not too many


class Budget:
    """The bytes of names that a file may still use. Names can overlap, so its size says little."""

    def __init__(self, left: int = NAMES_MOST) -> None:
        self.left = left

    def use(self, count: int) -> None:
        """Take some bytes. Raise ValueError if too few are left."""
        self.left -= count
        if self.left < 0:
            raise ValueError("its symbols have too long names")


class Cursor:
    """A place in some bytes. Every method raises ValueError beyond their end."""

    def __init__(self, content: bytes, place: int = 0) -> None:
        self.content = content
        self.place = place

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left to read."""
        return self.place >= len(self.content)

    def read_byte(self) -> int:
        """Return the next byte."""
        if not 0 <= self.place < len(self.content):
            raise ValueError("a part of it ends too early")
        self.place += 1
        return self.content[self.place - 1]

    def read_uleb(self) -> int:
        """Return the next number in ULEB128, of 64 bits at most. SLEB128 has the same length."""
        value = shift = 0
        while True:
            byte = self.read_byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift >= 70:
                raise ValueError("it has a number of more than 64 bits")

    def read_name(self, budget: Budget) -> bytes:
        """Return the bytes up to the next zero byte."""
        end = self.content.find(b"\0", self.place, self.place + budget.left + 1)
        if end < 0 or self.place < 0:
            raise ValueError("it has a name without an end")
        name = self.content[self.place : end]
        budget.use(max(len(name) + 1, _PER_NAME))
        self.place = end + 1
        return name


def decode(name: bytes) -> str:
    """Return a name as text. Compilers write UTF-8; other bytes are escaped."""
    return name.decode("utf-8", "backslashreplace")

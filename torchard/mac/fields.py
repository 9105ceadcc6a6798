"""The fields of the probe's answer, read so that no text of a Mac raises or grows later. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_REASON = 300  # characters that are kept of why a verification failed
# In characters: no file name of a Mac is longer (APFS), and the probe prints at most 64 KiB of a
# file. A version of thousands of digits is more than Python turns into a number.
LONGEST_NAME, LONGEST_FACT = 255, 65536
_LAST_TIME = 253370764800  # seconds since the epoch: the year 9999, the last that Python knows


def decode_text(coded: str) -> str:
    """Decode a name: plain after `=`, else hexadecimal bytes.

    macOS keeps names in UTF-8. The target of a link may have other bytes, which become escapes.
    """
    if coded.startswith("="):
        return coded[1:]
    try:
        return bytes.fromhex(coded).decode("utf-8", "backslashreplace")
    except ValueError:
        return ""


def read_number(text: str) -> int:
    """Return a whole number; 0 for anything else, or for more than a Mac can count."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def read_time(text: str) -> int:
    """Return seconds since the epoch; 0 for a time that no calendar here has."""
    seconds = read_number(text)
    return seconds if seconds < _LAST_TIME else 0


def read_failure(note: Mapping[str, Any]) -> tuple[str, str]:
    """Return the day and the reason in the note of a failed verification."""
    date, reason = note.get("date"), note.get("reason")
    day = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date) if isinstance(date, str) else None
    text = " ".join(reason.split()) if isinstance(reason, str) else ""
    return day[0] if day else "", text[:LONGEST_REASON] or "the note does not say why"


def read_object(text: str) -> Mapping[str, Any]:
    """Parse a stamp; one that is not a JSON object counts as empty.

    So does one that could not be printed or written again, as with half a character or no number.
    """
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}

"""What differs from run to run and from host to host, written the same way each time.

Nothing else is touched: whatever is not named here is compared letter by letter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOOK = r"(?:\d+ min )?\d+ s"
# In the order in which they are looked for. The bytes of the simulated packages, and so their
# digests and sizes, are those of this host's pip and of the path to its python.
_VARIES = (
    (rf"\b{_TOOK}(?: to {_TOOK})?(?![\w.])", "N s"),
    (
        r"(?P<kept>\"(?:seconds|(?:fetch_)?bytes|needed|free|disk)\": )(?:0\.\d+|[1-9][\d.]*)",
        r"\g<kept>N",
    ),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"SHA256:[A-Za-z0-9+/]{43}(?![A-Za-z0-9+/])", "SHA256:FINGERPRINT"),
    (r"(?<=sha256 )[0-9a-f]{8}…", "XXXXXXXX…"),
    (r"(?<=/generations/)(?P<kept>[\w.-]+)-[0-9a-f]{8}\b", r"\g<kept>-XXXXXXXX"),
    (r"(?<=/log/)\d{8}-\d{6}-(?P<kept>[\w.-]+)-[0-9a-f]{8}-\d+", r"WHEN-\g<kept>-XXXXXXXX-PID"),
    (r"(?<=\.json, )[0-9a-f]{8}\b", "XXXXXXXX"),  # of a lock
    (r"(?<=account       )[^\s,]+(?=, at home)", "ada"),
    (r"(?:(?<=verified )|(?<=built on )|(?<=failed on ))\d{4}-\d\d-\d\d\b", "WHEN"),
    (r"(?:(?<=process )|(?<=`kill )|(?<=`kill -9 ))\d+", "PID"),
    (r"(?<=torchard-aside-)[\w-]+", "WHEN"),
    (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:Z|\+00:00)?", "WHEN"),
    (r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\b", "WHEN"),
    (r"(?:at least )?\b\d+ GB free", "N GB free"),  # this host's own disk
    (r"(?<=\bpip: 1 of )\d+(?= files)", "N"),  # of this host's pip
    (r"\b[1-9]\d* (?P<kept>GB|MB|kB|bytes)\b", r"N \g<kept>"),
)


def stable(text: str, names: Mapping[str, str], pip: str) -> str:
    """Return a text in which what varies is named.

    `names` has the texts of this lab alone and what stands for each, `pip` is the version of the
    pip that the simulated Macs are given.
    """
    for found in sorted(names, key=len, reverse=True):
        text = text.replace(found, names[found])
    for pattern, name in (
        *_VARIES,
        (rf"(?<=\bpip )(?P<kept> *){re.escape(pip)}\b", r"\g<kept>X.Y"),
    ):
        text = _named(pattern, name, text)
    return text


def _named(pattern: str, name: str, text: str) -> str:
    """Put a name for what a pattern finds; what follows in another column keeps it."""

    def put(found: re.Match[str]) -> str:
        told, blanks = found.expand(name), found["blanks"]
        return told + (" " * (len(found[0]) - len(told)) if len(blanks) > 1 else blanks)

    return re.sub(f"(?:{pattern})(?P<blanks> *)", put, text)

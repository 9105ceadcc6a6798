"""What macOS leaves in folders, for tests of whatever lists them.

On a volume of SMB, exFAT or NFS it keeps a file's attributes beside it, in `._NAME` (AppleDouble);
the Finder keeps a folder's looks in `.DS_Store`.
"""

from __future__ import annotations

import os
from pathlib import Path

_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00\x00"
_STORE = b"\x00\x00\x00\x01Bud1"


def sprinkle(folder: Path) -> int:
    """Put a `.DS_Store` into each folder, and a `._NAME` beside each file and folder below one.

    Links are not followed. Return how many files were made; a second time none are.
    """
    made = 0
    for place, folders, files in os.walk(folder):
        wanted = {".DS_Store": _STORE}
        beside = [name for name in (*folders, *files) if not name.startswith(("._", ".DS_Store"))]
        wanted |= {f"._{name}": _DOUBLE for name in beside}
        for name, content in wanted.items():
            path = Path(place, name)
            if not path.exists():
                path.write_bytes(content)
                made += 1
    return made

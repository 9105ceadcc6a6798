"""Files that conda changes when it links them: binaries with a prefix inside, and copies.

On arm64 a binary whose prefix was replaced loses its signature, so conda signs it again
(conda/core/portability.py, `codesign -s - -f`): its size is not the record's any more. rattler
would start codesign, which only a Mac has; so packages do not tell it of their binaries.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\xcf\xfa\xed\xfe"  # a 64-bit Mach-O file (mach-o/loader.h, MH_MAGIC_64)
# As long as any path may be, as conda-build makes it.
PLACEHOLDER = f"/opt/simlab{'_placehold' * 25}"[:255]
# How an embedded signature begins (CSMAGIC_EMBEDDED_SIGNATURE), and nothing behind it.
SIGNATURE = b"\xfa\xde\x0c\xc0" + b"\0" * 92


def finish(prefix: Path, record: dict[str, Any], *, copy: bool) -> None:
    """Replace the prefix in a package's binaries, and tell its record; make all files copies.

    Raise ValueError where the prefix is longer than the placeholder.
    """
    for one in record["paths_data"]["paths"]:
        path = prefix / one["_path"]
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes() if path.suffix == ".dylib" else b""
        if content.startswith(MAGIC) and PLACEHOLDER.encode() in content:
            content = _replaced(content, str(prefix))
            content += SIGNATURE if record["subdir"] == "osx-arm64" else b""
            one.update({
                "file_mode": "binary",
                "prefix_placeholder": PLACEHOLDER,
                "sha256_in_prefix": hashlib.sha256(content).hexdigest(),
            })  # fmt: skip
            _write(path, content)
        elif copy and path.stat().st_nlink > 1:
            _write(path, path.read_bytes())


def _replaced(content: bytes, prefix: str) -> bytes:
    """Put the prefix into the texts of a binary; each ends in a NUL and keeps its length."""
    before, after = PLACEHOLDER.encode(), prefix.encode()
    if len(after) > len(before):
        raise ValueError(f"the prefix {prefix} is longer than its placeholder")
    texts = content.split(b"\0")
    filled = [text.replace(before, after) + b"\0" * (len(before) - len(after))
              if before in text else text for text in texts]  # fmt: skip
    return b"\0".join(filled)


def _write(path: Path, content: bytes) -> None:
    """Write a file of its own in the place of one that may share its bytes with the cache."""
    aside = path.with_name(f"{path.name}.aside")
    aside.write_bytes(content)
    shutil.copymode(path, aside)
    aside.replace(path)

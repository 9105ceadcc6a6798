"""Put conda's block into a shell's file. Runs on a Mac, with the base python, as `python -I -S -c`.

FILE BEFORE AFTER    the file behind all links, the block that the plan found in it (may be
                     empty), and the block that it gets
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time


def replace_block(content: bytes, before: bytes, after: bytes) -> bytes | None:
    """Return the content with the new block; every other byte stays. None if it has changed."""
    # The first and the last line of every block are conda's own markers.
    begin, *_, end = after.split(b"\n")
    if before:
        block = re.compile(rb"^%s$.*?^%s$" % (begin, end), re.MULTILINE | re.DOTALL)
        return content.replace(before, after) if block.findall(content) == [before] else None
    if begin in content.split(b"\n"):
        return None
    if not content:
        return after + b"\n"
    return content + (b"\n" if content.endswith(b"\n") else b"\n\n") + after + b"\n"


def copy_file(path: str, to: str) -> None:
    """Copy a file with its mode, owner and, on a Mac, its access list and attributes."""
    copied = subprocess.run(["cp", "-p", path, to], check=False).returncode == 0
    if copied and read_ownership(path) == read_ownership(to):
        return
    if os.path.lexists(to):
        os.unlink(to)
    what = (
        "has a mode, an owner or a group that a copy cannot have" if copied else "cannot be copied"
    )
    sys.exit(f"{path} {what}.")


def read_ownership(path: str) -> tuple[int, int, int]:
    """Return a file's mode, owner and group."""
    about = os.stat(path)
    return about.st_mode, about.st_uid, about.st_gid


def set_aside(path: str) -> None:
    """Keep a copy of the file as it was, beside it."""
    aside = f"{path}.torchard-aside-{time.strftime('%Y%m%d-%H%M%S')}"
    while os.path.lexists(aside):
        aside += "+"
    copy_file(path, aside)


def write_file(path: str, content: bytes) -> None:
    """Replace the file: a stop leaves the old or the new content, never half."""
    partial = f"{path}.torchard-partial"
    if os.path.lexists(partial):
        os.unlink(partial)
    if os.path.lexists(path):
        set_aside(path)
        copy_file(path, partial)
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def main(path: str, before: str, after: str) -> None:
    """Change the file, unless it has changed after the plan."""
    if os.path.realpath(path) != path:
        sys.exit(f"{path} is a link now; run it again.")
    content = b""
    if os.path.lexists(path):
        with open(path, "rb") as file:
            content = file.read()
    new = replace_block(content, os.fsencode(before), os.fsencode(after))
    if new is None:
        sys.exit(f"{path} has another conda block than the plan found; run it again.")
    write_file(path, new)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"{sys.argv[1]} cannot be changed: {error}")

"""Write or remove the kernel.json of a Jupyter kernel. Runs on a Mac, with the base python.

FILE BEFORE AFTER    its path, the content that the plan found (may be empty), and the content that
                     it gets; without one, it is removed, and so is its folder if nothing is left
"""

from __future__ import annotations

import contextlib
import os
import sys


def read_file(path: str) -> str:
    """Return what a file has, empty without one. A link is not followed."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write_file(path: str, content: str) -> None:
    """Replace the file: a stop leaves the old or the new content, never half."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = f"{path}.torchard-partial"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def main(path: str, before: str, after: str) -> None:
    """Change the file, unless it has changed after the plan."""
    # The probe leaves out the line breaks at the end.
    if read_file(path).rstrip("\n") != before.rstrip("\n"):
        sys.exit(f"{path} has changed after the plan; run it again.")
    if after:
        write_file(path, after)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.suppress(OSError):  # a person's files, such as a logo, are in it
        os.rmdir(os.path.dirname(path))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{sys.argv[1]} cannot be changed: {error}")

"""The program inside the installer, the part of conda's own `_conda`: run as `HOST -I _conda …`.

tarball PREFIX       unpack the tar archive on stdin
link PREFIX FILE     link what the explicit file names into the base environment
"""

from __future__ import annotations

import gc
import io
import os
import sys
import tarfile
from pathlib import Path


def tarball(prefix: Path) -> None:
    """Unpack what stdin holds."""
    with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())) as archive:
        for member in archive:
            target = prefix / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            target.write_bytes(content.read() if content else b"")
            target.chmod(member.mode)


def link(prefix: Path, explicit: Path) -> int:
    """Link the base environment. A prefix that is half there is completed."""
    from simlab.conda import history, transaction  # noqa: PLC0415 (unpacking needs none of it)
    from simlab.conda.failure import CondaError  # noqa: PLC0415
    from simlab.conda.root import Root  # noqa: PLC0415

    class Base(Root):
        """The base that is being made: it has no python yet that could say what it is for."""

        subdir = SUBDIR

    if SUBDIR == "osx-arm64" and Base(prefix, ()).mac["arch"] != "arm64":
        print(f"{prefix}/_conda: Bad CPU type in executable", file=sys.stderr)
        return 126
    os.environ["CONDA_PKGS_DIRS"] = f"{prefix}/pkgs"  # as a real one does, whatever is set
    wanted = transaction.read_explicit(explicit) or []
    kept = history.path(prefix).read_bytes() if history.path(prefix).exists() else b""
    try:
        again = any((prefix / "conda-meta").glob("*.json"))
        transaction.link(Base(prefix, ()), prefix, wanted, again=again)
    except CondaError as error:
        print(f"{error.name}: {error}", file=sys.stderr)
        return 1
    history.path(prefix).write_bytes(kept)
    return 0


SUBDIR = "@subdir@"

if __name__ == "__main__":
    gc.disable()  # it soon ends
    status = 0
    if sys.argv[1] == "tarball":
        tarball(Path(sys.argv[2]))
    else:
        status = link(Path(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # py-rattler may die in the interpreter's own clean-up

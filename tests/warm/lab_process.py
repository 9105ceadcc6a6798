"""Simulated labs by the server of labs.py, which starts with the first of them."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from warm import client

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent


class LabProcess:
    """A lab's process with what `simlab.lab` uses of subprocess.Popen."""

    def __init__(self, arguments: Sequence[str], errors: TextIO) -> None:
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        self.stdin, self.stdout = os.fdopen(ours_in, "w"), os.fdopen(ours_out)
        self._connection, self.pid = client.begin(
            start_server(),
            [*arguments],
            environment=dict(os.environ),
            directory=str(Path.cwd()),
            files=(theirs_in, theirs_out, errors.fileno()),
        )
        os.close(theirs_in)
        os.close(theirs_out)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; raise subprocess.TimeoutExpired after `timeout` seconds."""
        try:
            code = client.wait(self._connection, timeout)
        except TimeoutError as error:
            raise subprocess.TimeoutExpired("simlab", timeout or 0) from error
        self._connection.close()
        return code

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)


@lru_cache(maxsize=1)
def start_server() -> str:
    """Start the server, which ends with this process; return the path of its socket."""
    server, path = start(HERE / "labs.py")
    atexit.register(stop, server, path)
    return path


def start(program: Path, *folders: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server; return it and its socket once it is ready. It imports from `folders`, too."""
    path = f"{tempfile.mkdtemp()}/socket"  # short: it may have 104 bytes
    paths = [HERE.parents[1], HERE.parent, *folders, os.environ.get("PYTHONPATH")]
    server = subprocess.Popen(
        [sys.executable, str(program), path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(one) for one in paths if one)},
    )
    assert server.stdout
    assert server.stdout.readline() == b"ready\n"
    return server, path


def stop(server: subprocess.Popen[bytes], path: str) -> None:
    """Stop a server."""
    assert server.stdin
    assert server.stdout
    server.stdin.close()
    server.wait()
    server.stdout.close()
    shutil.rmtree(Path(path).parent)

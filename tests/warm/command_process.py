"""The `torchard` command beside a test, by the server of server.py."""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from warm import client, lab_process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent


class CommandProcess:
    """A run in a session of its own, with what tests use of subprocess.Popen.

    Its stdin is empty. `stdout` and `stderr` are pipes, `returncode` is None while it runs.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        pipes = (os.pipe(), os.pipe())
        self.stdout, self.stderr = (os.fdopen(ours, encoding="utf-8") for ours, _ in pipes)
        self.returncode: int | None = None
        nothing = os.open(os.devnull, os.O_RDONLY)
        theirs = [end for _, end in pipes]
        self._connection, self.pid = client.begin(
            start_server(),
            [*words],
            environment={**os.environ, **environment},
            directory=str(Path.cwd()),
            files=(nothing, theirs[0], theirs[1]),
            session=True,
        )
        for end in (nothing, *theirs):
            os.close(end)

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; raise subprocess.TimeoutExpired after `timeout` seconds."""
        if self.returncode is None:
            try:
                self.returncode = client.wait(self._connection, timeout)
            except TimeoutError as error:
                raise subprocess.TimeoutExpired("torchard", timeout or 0) from error
            self._connection.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what it printed that was not read yet, once it has ended; raise as `wait`."""
        texts: dict[TextIO, str] = {self.stdout: "", self.stderr: ""}

        def read(stream: TextIO) -> None:
            texts[stream] = stream.read()

        readers = [threading.Thread(target=read, args=(one,), daemon=True) for one in texts]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return texts[self.stdout], texts[self.stderr]

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def end(self) -> None:
        """End it at once, if it runs, and close its pipes."""
        self.send_signal(signal.SIGKILL)
        self.communicate()
        self.stdout.close()
        self.stderr.close()


@lru_cache(maxsize=1)
def start_server() -> str:
    """Start the server, which ends with this process; return the path of its socket."""
    server, path = lab_process.start(HERE / "server.py", HERE.parent / "stories")
    atexit.register(lab_process.stop, server, path)
    return path

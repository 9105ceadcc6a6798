"""The programs of SSH on the controller, with limits on their time and output.

They wait by gevent, beside the connections. The solvers are started by `torchard/programs.py`.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import gevent
from gevent.monkey import get_original
from gevent.os import make_nonblocking, nb_read

from torchard.resources import clean_path

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_LOG = logging.getLogger("torchard.ssh")  # for -v and --log
MOST_BYTES = 256 * 1024
_GRACE = 2.0  # seconds for a program to end by itself
_TICK = 0.005  # seconds between two looks at a program that ends

# gevent's subprocess forks this whole process, which costs as much as ssh itself; a spawn does not.
_waitpid = get_original("os", "waitpid")
# gevent's close may come after its loop has waited. But the loop waits for the end of an output,
# which comes only when this process has closed the other end as well.
_close = get_original("os", "close")


class Child:
    """One program in a session of its own, so that it cannot ask at a terminal.

    `err` is what it wrote to stderr, `out` to stdout with `reads`; output over MOST_BYTES is lost.
    `status` is its exit status, negative after a signal, and None until it has ended.
    """

    def __init__(
        self,
        words: Sequence[str],
        connection: socket.socket | None = None,
        *,
        reads: bool = False,
        stdin: IO[bytes] | None = None,
    ) -> None:
        """Start the program. `connection` becomes its stdin and stdout. Raise OSError.

        `stdin` is an open file that it reads from its present offset on, and moves that.
        """
        self._texts = {"out": bytearray(), "err": bytearray()}
        self._greenlets: list[gevent.Greenlet] = []
        self._ended = False
        self.status: int | None = None
        ours, theirs = zip(*(os.pipe() for _ in range(2 if reads else 1)), strict=True)
        try:
            self._pid = _spawn(words, connection, theirs, stdin)
        except BaseException:
            for one in ours:
                _close(one)
            raise
        finally:
            for one in theirs:
                _close(one)
        self._watcher = _watch(self._pid)
        for one, name in zip(ours, ("err", "out"), strict=False):
            self._greenlets.append(gevent.spawn(self._drain, one, self._texts[name]))

    @staticmethod
    def _drain(file: int, text: bytearray) -> None:
        try:
            make_nonblocking(file)
            while data := nb_read(file, 64 * 1024):
                text += data[: MOST_BYTES - len(text)]
        finally:
            os.close(file)

    @property
    def out(self) -> str:
        """What it wrote to stdout."""
        return self._texts["out"].decode("utf-8", "backslashreplace")

    @property
    def err(self) -> str:
        """What it wrote to stderr."""
        return self._texts["err"].decode("utf-8", "backslashreplace")

    def wait(self, seconds: float) -> bool:
        """Wait until its output and the program end; tell whether they have."""
        end = time.monotonic() + seconds
        gevent.joinall(self._greenlets, timeout=seconds)
        while not self._has_ended():
            if time.monotonic() >= end:
                return False
            gevent.sleep(_TICK)
        return True

    def _has_ended(self) -> bool:
        if not self._ended:
            try:
                pid, status = _waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:  # gevent's loop has waited for it
                pid, status = self._watcher.rpid, self._watcher.rstatus
            if pid:
                self._ended, self.status = True, os.waitstatus_to_exitcode(status)
                self._watcher.close()
            if self._ended and self._texts["err"]:
                _LOG.debug("%s", self.err)
        return self._ended

    def stop(self, grace: float = _GRACE) -> None:
        """Wait `grace` seconds for its end, then end it and what it started."""
        if self.wait(grace):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, number)
            if self.wait(_GRACE):
                break
        gevent.killall(self._greenlets)


def _watch(pid: int) -> Any:
    """Have gevent's loop keep the status of a child: it waits for all, and forgets the others'."""
    watcher = gevent.get_hub().loop.child(pid, ref=False)
    watcher.start(lambda: None)
    return watcher


def _spawn(
    words: Sequence[str],
    connection: socket.socket | None,
    outputs: Sequence[int],
    stdin: IO[bytes] | None,
) -> int:
    """Start a program; its stderr is the first of `outputs`, its stdout the second, if any."""
    actions: list[Any] = [(os.POSIX_SPAWN_DUP2, outputs[0], 2)]
    if stdin is not None:
        actions.append((os.POSIX_SPAWN_DUP2, stdin.fileno(), 0))
        actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
    elif connection is None:
        actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
    else:
        actions += [(os.POSIX_SPAWN_DUP2, connection.fileno(), one) for one in (0, 1)]
    if len(outputs) > 1:
        actions.append((os.POSIX_SPAWN_DUP2, outputs[1], 1))
    _LOG.debug("$ %s", shlex.join(words))
    environment = {**os.environ, "PATH": clean_path()}
    options: dict[str, Any] = {"file_actions": actions, "setsigdef": [signal.SIGPIPE]}
    try:
        return os.posix_spawnp(words[0], list(words), environment, setsid=True, **options)
    except NotImplementedError:  # an older libc: the program only gets a process group of its own
        return os.posix_spawnp(words[0], list(words), environment, setpgroup=0, **options)


def run_program(words: Sequence[str], seconds: float) -> tuple[str, str] | None:
    """Run a program; return its stdout and stderr, or None if it takes over `seconds`."""
    child = Child(words, reads=True)
    done = False
    try:
        done = child.wait(seconds)
    finally:
        if not done:
            child.stop(0)
    return (child.out, child.err) if done else None

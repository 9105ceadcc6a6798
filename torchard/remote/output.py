"""Read what a command on a Mac prints, within bounds of size and time.

pyinfra keeps all that a command prints and waits for its end, whatever both take. Here a command
that prints too much, or whose Limit is over, is stopped. For pyinfra it has failed, and its stderr
is the sentence that says why.
"""

from __future__ import annotations

import codecs
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.os import nb_read
from gevent.subprocess import PIPE, Popen
from pyinfra.api.output import echo, format_text
from pyinfra.connectors.util import CommandOutput, OutputLine, write_stdin

from torchard.remote.limits import Limit

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 16 * 1024 * 1024
TOO_MUCH = (
    f"a command on it printed more than {MOST_BYTES // 1024**2} MiB, and Torchard stopped it; look"
    " what the startup files of its account print"
)
ALIVE = b"\x05"  # a step that goes on prints this to stderr; see scripts/watch_step.sh
_LINE_BYTES = 200  # of memory that a line takes beside its text
_PIECE = 32 * 1024  # bytes that are read at once
_GRACE = 10.0  # seconds for a stopped command to end
_TICK = 0.05  # seconds between two looks at whether it has


class _Output:
    """What a command has printed so far. `stop` is set with a reason when that is too much."""

    def __init__(self, prefix: str, *, is_shown: bool) -> None:
        self.lines: list[OutputLine] = []
        self.stopped: str | None = None
        self.heard = time.monotonic()
        self.changed = Event()
        self._size = 0
        self._prefix, self._is_shown = prefix, is_shown

    def read(self, name: str, receive: Callable[[], bytes]) -> None:
        """Read one stream to its end, or until the command is stopped."""
        decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        rest: list[str] = []
        data = b"-"
        while data and self.stopped is None:
            try:
                data = receive()
            except (OSError, EOFError):
                data = b""
            self.heard = time.monotonic()
            self._size += len(data)
            text = decode(data.replace(ALIVE, b"") if name == "stderr" else data, final=not data)
            *lines, last = text.split("\n")
            for line in lines:
                self._add(name, "".join([*rest, line]))
                rest.clear()
            rest.append(last)
            if self._size > MOST_BYTES:
                self.stopped = TOO_MUCH
        if self.stopped is None and any(rest):
            self._add(name, "".join(rest))
        self.changed.set()

    def _add(self, name: str, line: str) -> None:
        self._size += _LINE_BYTES
        self.lines.append(OutputLine(name, line))
        if self._is_shown:
            shown = line if name == "stdout" else format_text(line, "red")
            echo(f"{self._prefix}{shown}", err=True)

    def wait(self, has_ended: Callable[[], bool], limit: int | None) -> None:
        """Wait for the end of a command. Set `stopped` if its limit is over before that."""
        begun = time.monotonic()
        while self.stopped is None and not has_ended():
            left = None
            if limit:
                since = self.heard if getattr(limit, "is_silence", False) else begun
                left = since + limit - time.monotonic()
                if left <= 0:
                    if not isinstance(limit, Limit):
                        raise TimeoutError  # of another person's operation, as pyinfra does it
                    self.stopped = limit.sentence
                    return
            self.changed.wait(left)
            self.changed.clear()

    def result(self) -> CommandOutput:
        """Return what was printed; of a command that was stopped, only why."""
        if self.stopped is not None:
            return CommandOutput([OutputLine("stderr", self.stopped)])
        return CommandOutput(self.lines)


def read_channel(
    stdout: Any, _stderr: Any, *, timeout: int | None, print_output: bool, print_prefix: str
) -> CommandOutput:
    """Read what a command prints on an SSH channel, in place of pyinfra's own function.

    The command has ended afterwards: its exit status is -1 if it was stopped.
    """
    channel = stdout.channel
    output = _Output(print_prefix, is_shown=print_output)

    def wait_for_status() -> None:
        channel.status_event.wait()
        output.changed.set()

    readers = [
        gevent.spawn(output.read, "stdout", lambda: channel.recv(_PIECE)),
        gevent.spawn(output.read, "stderr", lambda: channel.recv_stderr(_PIECE)),
        gevent.spawn(wait_for_status),
    ]
    try:
        output.wait(lambda: all(one.ready() for one in readers), timeout)
    finally:
        # The readers end because the channel is closed. One that is killed while it waits for the
        # channel's lock would release it for the one that has it.
        if output.stopped is not None or not all(one.ready() for one in readers):
            stop_channel(channel)
            gevent.joinall(readers, timeout=_GRACE)
            gevent.killall(readers, block=False)
    return output.result()


def stop_channel(channel: Any) -> None:
    """Close a channel whose command has not ended, also on a connection that takes no byte."""
    with gevent.Timeout(_GRACE, False):  # noqa: FBT003  # gevent's own signature
        channel.close()
    channel.exit_status = -1
    channel.status_event.set()


def run_local_process(
    command: str,
    stdin: Any = None,
    timeout: int | None = None,
    print_output: bool = False,  # noqa: FBT001, FBT002  # pyinfra's own signature
    print_prefix: str = "",
) -> tuple[int, CommandOutput]:
    """Run a command on this Mac, in place of pyinfra's own function.

    It has a session of its own, as with sshd, so that all of it can be ended.
    """
    words = ["/bin/sh", "-c", command]
    process: Any = Popen(words, stdout=PIPE, stderr=PIPE, stdin=PIPE, start_new_session=True)
    output = _Output(print_prefix, is_shown=print_output)

    def wait_for_status() -> None:
        process.wait()
        output.changed.set()

    readers = []
    try:
        if stdin:
            write_stdin(stdin, process.stdin)
        process.stdin.close()
        for name, file in (("stdout", process.stdout), ("stderr", process.stderr)):
            number = file.fileno()
            readers.append(gevent.spawn(output.read, name, lambda n=number: nb_read(n, _PIECE)))
        readers.append(gevent.spawn(wait_for_status))
        output.wait(lambda: all(one.ready() for one in readers), timeout)
    except BaseException:
        _signal(process, signal.SIGTERM)  # a script of ours then releases its run lock
        raise
    finally:
        if output.stopped is not None:
            _end(process)
        gevent.killall(readers)
        process.stdout.close()
        process.stderr.close()
    return (-1 if output.stopped is not None else process.returncode), output.result()


def _end(process: Any) -> None:
    """End a process and all that it started."""
    end = time.monotonic() + _GRACE
    is_there = _signal(process, signal.SIGTERM)
    while is_there and time.monotonic() < end:
        gevent.sleep(_TICK)
        is_there = _signal(process, 0)
    _signal(process, signal.SIGKILL)


def _signal(process: Any, number: int) -> bool:
    """Send a signal to the group of a process; tell whether one of it is still there."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # macOS has the latter for a group of zombies
        return False
    return True

"""One SSH channel on a simulated Mac: a command, a shell without a terminal, or SFTP."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
from typing import TYPE_CHECKING, cast

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from simlab import braces, macs, processes
from simlab.sshd import EXPIRED, read_sshd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO


# Faults that count commands and changes of files, and happen at one of them.
OF_COMMANDS = ("drop_after", "drop_during", "drop_answer", "hang", "trickle", "flood", "stop")
OF_FILES = ("drop_sftp", "stall_sftp")
_INSTEAD = {
    "trickle": "while sleep 1; do printf x; done",
    "flood": "line=0123456789; line=$line$line$line; while printf '%s\\n' $line; do :; done",
}


class Files(asyncssh.SFTPServer):
    """The host's files by their own absolute paths; relative ones begin at the Mac's home.

    `before` is asked at each request that changes a file what becomes of the connection there.
    """

    def __init__(
        self, chan: asyncssh.SSHServerChannel[bytes], home: Path, before: Callable[[], str]
    ) -> None:
        super().__init__(chan)
        self._chan = chan
        self._home = os.fsencode(home)
        self._before = before

    def _drop_here(self) -> bool:
        fate = self._before()
        connection = self._chan.get_extra_info("connection")
        if fate == "stall_sftp":
            connection._transport.pause_reading()  # noqa: SLF001  # asyncssh has no other way
        if fate == "drop_sftp":
            connection.abort()
        return fate == "drop_sftp"

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file, unless the connection drops before that."""
        if self._drop_here():
            raise asyncssh.SFTPConnectionLost("dropped before a file was opened")
        with _as_openssh():
            return super().open(path, pflags, attrs)

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write, or only the first half where the connection drops."""
        if self._drop_here():
            super().write(file_obj, offset, data[: len(data) // 2])
            cast("IO[bytes]", file_obj).close()
            raise asyncssh.SFTPConnectionLost("dropped in the middle of a file")
        with _as_openssh():
            return cast("int", super().write(file_obj, offset, data))

    def close(self, file_obj: object) -> None:
        """Close a file; where the connection drops, its client never hears of that."""
        drop = self._drop_here()
        with _as_openssh():
            super().close(file_obj)
        if drop:
            raise asyncssh.SFTPConnectionLost("dropped after a file was written")

    def map_path(self, path: bytes) -> bytes:
        """Return the host's path for what the client names."""
        return os.path.join(self._home, path)  # noqa: PTH118 (bytes)

    def realpath(self, path: bytes) -> bytes:
        """Answer `realpath .` with the home."""
        return os.path.realpath(self.map_path(path))

    def exit(self) -> None:
        """End with status 0, as sshd's sftp-server does: scp calls any other end a failure."""
        if not self._chan.is_closing():
            self._chan.exit(0)


@contextlib.contextmanager
def _as_openssh() -> Iterator[None]:
    """Say no more of a disk that is full than sshd's sftp-server, which has no word for it."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise asyncssh.SFTPFailure("Failure") from error
        raise


class Command(asyncio.SubprocessProtocol):
    """A process started for a channel. It outlives the channel, as it has no terminal.

    sshd sends no SIGHUP where there is no terminal: the process only finds its pipes closed.
    Where there is `unanswered`, it is called at the end, and the client gets no answer.
    """

    def __init__(
        self, chan: asyncssh.SSHServerChannel[bytes], unanswered: Callable[[], None] | None = None
    ) -> None:
        self._chan: asyncssh.SSHServerChannel[bytes] | None = chan
        self._unanswered = unanswered
        self._process: asyncio.SubprocessTransport | None = None
        self._early: list[bytes] = []
        self._early_eof = False
        self._awaited = {"exit", "stdout", "stderr"}
        self._exited = asyncio.get_running_loop().create_future()

    async def start(self, root: Path, command: str | None) -> int:
        """Start `command`, or a shell that reads its lines from stdin; return the pid."""
        shell = macs.login_shell(root)
        if command is not None and macs.read(root).shell in ("sh", "bash"):
            command = braces.as_bash(command)
        arguments = [shell] if command is None else [shell, "-c", command]
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self,
            *arguments,
            cwd=macs.home(root),
            env=dict(macs.environment(root)),
            start_new_session=True,
        )
        processes.begin(root, transport.get_pid())
        self._process = transport
        for data in self._early:
            self.feed(data)
        if self._early_eof:
            self.feed_eof()
        if self._chan is None:
            self.detach()
        return transport.get_pid()

    async def wait(self) -> None:
        """Wait until the process has ended and nothing more can come from its pipes."""
        await asyncio.shield(self._exited)

    def _pipe(self, fd: int) -> asyncio.BaseTransport | None:
        return self._process.get_pipe_transport(fd) if self._process else None

    def feed(self, data: bytes) -> None:
        """Write to the process's stdin."""
        if self._process is None:
            self._early.append(data)
            return
        stdin = cast("asyncio.WriteTransport | None", self._pipe(0))
        if stdin is not None and not stdin.is_closing():
            stdin.write(data)

    def feed_eof(self) -> None:
        """Close the process's stdin."""
        self._early_eof = True
        stdin = self._pipe(0)
        if stdin is not None:
            stdin.close()

    def detach(self) -> None:
        """Close the pipes and leave the process alone: the connection is gone."""
        self._chan = None
        for fd in (0, 1, 2):
            pipe = self._pipe(fd)
            if pipe is not None:
                pipe.close()

    def kill(self, name: str) -> None:
        """Send a signal, named as SSH names them (`TERM`), to the process's group."""
        number = getattr(signal, f"SIG{name}", None)
        if self._process is not None and number is not None:
            with contextlib.suppress(ProcessLookupError):  # it may have ended meanwhile
                os.killpg(self._process.get_pid(), number)

    def hold(self, *, still: bool) -> None:
        """Stop or go on reading what the process writes: the client reads slowly."""
        for fd in (1, 2):
            pipe = cast("asyncio.ReadTransport | None", self._pipe(fd))
            if pipe is not None and not pipe.is_closing():
                (pipe.pause_reading if still else pipe.resume_reading)()

    # What asyncio calls.
    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Pass on what the process wrote."""
        if self._unanswered is None and self._chan is not None and not self._chan.is_closing():
            self._chan.write(data, None if fd == 1 else asyncssh.EXTENDED_DATA_STDERR)

    def process_exited(self) -> None:
        """Take note that the process has ended; others may still hold its pipes."""
        self._ended("exit")

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        """Take note that nothing more comes from one of its pipes."""
        if fd != 0:
            self._ended("stdout" if fd == 1 else "stderr")

    def _ended(self, what: str) -> None:
        """Close stdin when all else has ended: as with sshd, a child that holds it keeps nobody."""
        self._awaited.discard(what)
        stdin = self._pipe(0)
        if not self._awaited and stdin is not None:
            stdin.close()

    def pause_writing(self) -> None:
        """Tell the client to wait: the process does not read its stdin."""
        if self._chan is not None:
            self._chan.pause_reading()

    def resume_writing(self) -> None:
        """Let the client go on, but not from inside the pipe's own writing: it loses data so."""
        if self._chan is not None:
            asyncio.get_running_loop().call_soon(self._chan.resume_reading)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the exit status or signal: the process has ended and its pipes are drained."""
        status = self._process.get_returncode() if self._process else None
        if self._unanswered is not None:
            self._unanswered()
        elif self._chan is not None and not self._chan.is_closing():
            if status is not None and status < 0:
                self._chan.exit_with_signal(signal.Signals(-status).name[3:])
            else:
                self._chan.exit(status or 0)
        if not self._exited.done():
            self._exited.set_result(None)


class Session(SSHServerStreamSession[bytes]):
    """One channel, of which `before` is asked before each command what becomes of it.

    It returns "run", "drop_after" (cut the connection and start nothing), "drop_during" (start it,
    then cut the connection), "drop_answer" (cut it when the command has ended) or another of
    OF_COMMANDS. `before_file` is asked at each change of a file, for one of OF_FILES. `started` is
    called for each process, `closed` when the channel is closed.
    """

    def __init__(
        self,
        root: Path,
        before: Callable[[], str],
        before_file: Callable[[], str],
        started: Callable[[int, Command], None],
        closed: Callable[[], None],
    ) -> None:
        self._sshd = read_sshd(macs.read(root).sshd)

        def files(chan: object) -> Files:
            channel = cast("asyncssh.SSHServerChannel[bytes]", chan)
            return Files(channel, macs.home(root), before_file)

        super().__init__(None, files if self._sshd.sftp else None, sftp_version=3)
        self._tell_closed = closed
        self._root = root
        self._before = before
        self._started = started
        self._command: Command | None = None
        self._fate = "run"

    def shell_requested(self) -> bool:
        """Allow a shell that reads commands from stdin."""
        return True

    def exec_requested(self, command: str) -> bool:  # noqa: ARG002
        """Allow every command."""
        return True

    def session_started(self) -> None:
        """Start what was asked for, unless the Mac is to drop the connection here."""
        chan = cast("asyncssh.SSHServerChannel[bytes]", self._chan)
        if chan.get_subsystem():
            chan.write(_printed_at_start(self._root))
            super().session_started()
            return
        if self._sshd.expired:
            chan.write(EXPIRED.encode(), asyncssh.EXTENDED_DATA_STDERR)
            chan.exit(1)
            return
        self._fate = self._before()
        if self._fate == "drop_after":
            asyncio.get_running_loop().call_soon(self._drop)
            return
        if self._fate == "hang":
            return
        self._command = Command(chan, self._drop if self._fate == "drop_answer" else None)
        task = asyncio.get_running_loop().create_task(self._run(chan, self._command))
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)

    async def _run(self, chan: asyncssh.SSHServerChannel[bytes], command: Command) -> None:
        try:
            text = _INSTEAD.get(self._fate, chan.get_command())
            if self._fate == "stop":  # by itself: a busy server could come too late
                text = f"kill -STOP 0; {text}"
            pid = await command.start(self._root, text)
        except (OSError, ValueError, TypeError) as error:
            # The host has no process or file to spare, or mac.json says nothing that is a Mac.
            chan.write(f"simlab: {error}\n".encode(), asyncssh.EXTENDED_DATA_STDERR)
            chan.exit(255)
            return
        self._started(pid, command)
        if self._fate == "drop_during":
            self._drop()

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.abort()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Give the process what the client sent."""
        if self._command is None:
            super().data_received(data, datatype)
        else:
            self._command.feed(data)

    def eof_received(self) -> bool:
        """Close the process's stdin and keep the channel open for its answer."""
        if self._command is None:
            return bool(super().eof_received())
        self._command.feed_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the process go on by itself."""
        self._tell_closed()
        if self._command is not None:
            self._command.detach()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Hold the process back: the client reads slowly."""
        if self._command is not None:
            self._command.hold(still=True)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Let the process go on: the client has caught up."""
        if self._command is not None:
            self._command.hold(still=False)
        super().resume_writing()

    def signal_received(self, signal: str) -> None:
        """Pass the client's signal on."""
        if self._command is not None:
            self._command.kill(signal)

    def break_received(self, msec: int) -> bool:  # noqa: ARG002
        """Interrupt the process, as a terminal's break would."""
        self.signal_received("INT")
        return True


def _printed_at_start(root: Path) -> bytes:
    """Return what an account's shell prints before it becomes sshd's sftp-server."""
    if macs.read(root).shell == "sh":
        return b""  # it reads no startup file
    done = subprocess.run(
        [macs.login_shell(root), "-c", "true"],
        cwd=macs.home(root),
        env=macs.environment(root),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.stdout


_TASKS: set[asyncio.Task[None]] = set()

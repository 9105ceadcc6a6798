"""A command on a simulated Mac over SSH, for practice by hand."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import asyncssh

from simlab import keys, macs

if TYPE_CHECKING:
    from pathlib import Path


async def run(directory: Path, port: int, command: str | None) -> int:
    """Run `command`, or a shell that reads stdin; return its status, 128 + N after signal N.

    Raise OSError where nobody listens or the host key is another than known_hosts has.
    """
    try:
        async with asyncssh.connect(
            "127.0.0.1",
            port,
            username=macs.user(),
            client_keys=[str(directory / keys.USER_KEY)],
            known_hosts=str(directory / keys.KNOWN_HOSTS),
            config=None,
            agent_path=None,
        ) as connection:
            process = await connection.create_process(
                command,
                # asyncssh writes bytes, which text streams that lead to a file do not take.
                stdout=os.dup(sys.stdout.fileno()),
                stderr=os.dup(sys.stderr.fileno()),
                encoding=None,
            )
            # A thread reads stdin whatever it is: an event loop takes no files and no /dev/null.
            feeder = (asyncio.get_running_loop(), process.stdin)
            threading.Thread(target=_feed, args=feeder, daemon=True).start()
            done = await process.wait()
    except asyncssh.Error as error:
        raise OSError(error.reason) from error
    if done.exit_signal is not None:
        return 128 + int(getattr(signal, f"SIG{done.exit_signal[0]}", 0))
    return 255 if done.exit_status is None else done.exit_status


def _feed(loop: asyncio.AbstractEventLoop, stdin: asyncssh.SSHWriter[bytes]) -> None:
    try:
        while data := os.read(sys.stdin.fileno(), 1 << 16):
            loop.call_soon_threadsafe(_write, stdin, data)
        loop.call_soon_threadsafe(_write, stdin, b"")
    except RuntimeError:
        return  # the command has ended and with it the loop


def _write(stdin: asyncssh.SSHWriter[bytes], data: bytes) -> None:
    if stdin.is_closing():
        return
    if data:
        stdin.write(data)
    else:
        stdin.write_eof()

"""A process that has its modules imported already, and becomes what its clients ask for: by forks.

A client hands over stdin, stdout and stderr with one line of JSON: `arguments`, `environment`,
`directory`, whether it wants a `session` of its own, and what else the server needs. Back come the
number of the process, then its exit code; nothing where a signal ended it, or another program took
its place. The server ends when its own stdin does.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

from gevent.monkey import get_original

if TYPE_CHECKING:
    from collections.abc import Callable

# The real ones: gevent's own would start a hub here, and no fork could use it.
fork, waitpid = get_original("os", "fork"), get_original("os", "waitpid")
open_socket = get_original("socket", "socket")
select = get_original("select", "select")


def become(
    connection: socket.socket,
    received: bytes,
    files: list[int],
    run: Callable[[dict[str, Any]], int],
) -> None:
    """Become the run that was asked for; never return."""
    wanted = json.loads(received)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if wanted["session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["directory"])
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = io.TextIOWrapper(
            io.BufferedWriter(io.FileIO(number, "w", closefd=False)),
            encoding="utf-8",
            errors="strict" if name == "stdout" else "backslashreplace",
            line_buffering=os.isatty(number) or name == "stderr",
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    connection.sendall(f"{os.getpid()}\n".encode())
    os.set_inheritable(connection.fileno(), True)  # noqa: FBT003  # open as long as it runs
    code = 1
    try:
        code = end_as_python(run, wanted)
        threading._shutdown()  # type: ignore[attr-defined]  # typeshed leaves it out
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 120  # as an interpreter ends that cannot write its last words
    finally:
        connection.sendall(f"{code}\n".encode())
        os._exit(code)


def end_as_python(run: Callable[[dict[str, Any]], int], wanted: dict[str, Any]) -> int:
    """Return the exit code that a python gives whose program ends in this way."""
    try:
        return run(wanted)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001  # as an interpreter shows what nothing has caught
        sys.excepthook(*sys.exc_info())
        return 1


def receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Return the line and the three files that a client hands over."""
    data, ancillary, _, _ = connection.recvmsg(1 << 16, 1024)
    files = [
        int.from_bytes(content[at : at + 4], sys.byteorder)
        for _, _, content in ancillary
        for at in range(0, len(content), 4)
    ]
    while not data.endswith(b"\n"):
        part = connection.recv(1 << 16)
        if not part:
            break
        data += part
    return data, files


def serve(path: str, run: Callable[[dict[str, Any]], int]) -> None:
    """Fork for each client until stdin ends; all that a run needs is imported."""
    listener = open_socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while True:
        ready = select([0, listener.fileno()], [], [])[0]
        if 0 in ready:
            return
        number, _ = listener._accept()
        connection = open_socket(fileno=number)
        received, files = receive(connection)
        if fork() == 0:
            listener.close()
            become(connection, received, files, run)
        connection.close()
        for file in files:
            os.close(file)
        try:
            while waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

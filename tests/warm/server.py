"""The `torchard` command with its modules imported already: each run is a fork of this process.

    python server.py SOCKET

A client hands over stdin, stdout and stderr with one line of JSON: `arguments`,
`environment`, `directory`, and `notes`, whether a story wants to know what was shown. Back come
the number of the process, then its exit code; nothing where a signal ended it. The server ends
when its own stdin does.

A run differs from a person's in its start alone. What happens at a start, and at a terminal, is
tested by true processes.
"""

from __future__ import annotations

# isort: off
import pyinfra_cli  # noqa: F401  # patches the standard library for gevent: must come first
# isort: on

import atexit
import gc
import importlib
import io
import json
import os
import sys
import threading
from pathlib import Path

from gevent import get_hub
from gevent.monkey import get_original

# The real ones: gevent's own would start a hub here, and no fork could use it.
fork, waitpid = get_original("os", "fork"), get_original("os", "waitpid")
Socket = get_original("socket", "socket")
select = get_original("select", "select")

COMMANDS = Path(__file__).parents[2] / "torchard/cli"
# What a run imports: every command at its own top, and these only when they are needed.
IMPORTED = (
    "filelock",
    "jsonschema",
    "torchard.cli.main",
    *(f"torchard.cli.{path.stem}" for path in sorted(COMMANDS.glob("[a-z]*.py"))),
    "torchard.depot.download",
    "torchard.lock.wheels",
)


def ask(connection: Socket, received: bytes, files: list[int]) -> None:
    """Become the run that was asked for; never return."""
    wanted = json.loads(received)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
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
    code = 1
    try:
        code = run(wanted["arguments"], notes=wanted["notes"])
        threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BrokenPipeError:
        code = 120  # as an interpreter ends that cannot write its last words
    finally:
        connection.sendall(f"{code}\n".encode())
        os._exit(code)


def run(arguments: list[str], *, notes: bool) -> int:
    """Run the command as `python -m torchard` does; return its exit code."""
    sys.argv = ["torchard", *arguments]
    main = (
        importlib.import_module("command").main if notes else sys.modules["torchard.cli.main"].main
    )
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001  # as an interpreter shows what nothing has caught
        sys.excepthook(*sys.exc_info())
        return 1
    raise AssertionError("main always exits")


def receive(connection: Socket) -> tuple[bytes, list[int]]:
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


def serve(path: str) -> None:
    """Fork for each client until stdin ends."""
    listener = Socket(1, 1)  # AF_UNIX, SOCK_STREAM
    listener.bind(path)
    listener.listen(64)
    for name in IMPORTED:
        importlib.import_module(name)
    get_hub().destroy(destroy_loop=True)  # urllib3 starts one when it is imported
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while True:
        ready = select([0, listener.fileno()], [], [])[0]
        if 0 in ready:
            return
        number, _ = listener._accept()
        connection = Socket(fileno=number)
        received, files = receive(connection)
        if fork() == 0:
            listener.close()
            ask(connection, received, files)
        connection.close()
        for file in files:
            os.close(file)
        try:
            while waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    serve(sys.argv[1])

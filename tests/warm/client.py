"""A run of the `torchard` command by the server beside this. Standard library only: it starts fast.

python -I -S client.py SOCKET WORKER NOTES ARGUMENTS…
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

KILLED = -signal.SIGKILL


def begin(
    path: str,
    arguments: list[str],
    *,
    environment: dict[str, str],
    directory: str,
    files: tuple[int, int, int],
    notes: bool = False,
    session: bool = False,
) -> tuple[socket.socket, int]:
    """Begin a run with these files as its stdin, stdout and stderr, in a session of its own or not.

    Return the connection that reports its exit code, and the number of its process.
    """
    wanted = {
        "arguments": arguments,
        "environment": environment,
        "directory": directory,
        "notes": notes,
        "session": session,
    }
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    line = f"{json.dumps(wanted)}\n".encode()
    sent = socket.send_fds(connection, [line], list(files))
    if line[sent:]:  # to send nothing is an error too, once a short run has ended
        connection.sendall(line[sent:])
    return connection, int(read_line(connection))


def wait(connection: socket.socket, timeout: float | None) -> int:
    """Return the exit code of a run once it has ended. Raise TimeoutError after these seconds."""
    connection.settimeout(timeout)
    code = read_line(connection)
    return int(code) if code else KILLED


def read_line(connection: socket.socket) -> bytes:
    """Read a line of a few characters, or less if the connection ends before."""
    line = b""
    while not line.endswith(b"\n"):
        part = connection.recv(1)  # what comes later is another line
        if not part:
            break
        line += part
    return line


def run(
    path: str,
    arguments: list[str],
    *,
    environment: dict[str, str],
    directory: str,
    files: tuple[int, int, int],
    notes: bool = False,
    timeout: float | None = None,
) -> int:
    """Run the command to its end as `begin` begins it; return its exit code.

    Raise TimeoutError after `timeout` seconds; the run is ended then.
    """
    connection, pid = begin(
        path, arguments, environment=environment, directory=directory, files=files, notes=notes
    )
    with connection:
        try:
            return wait(connection, timeout)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise


if __name__ == "__main__":
    sys.exit(
        run(
            sys.argv[1],
            sys.argv[3:],
            environment=dict(os.environ),
            directory=os.getcwd(),  # noqa: PTH109  # pathlib would cost more than the rest
            files=(0, 1, 2),
            notes=sys.argv[2] == "notes",
        )
        % 256
    )

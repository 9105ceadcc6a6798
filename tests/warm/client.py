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
    """Run the command with these files as its stdin, stdout and stderr; return its exit code.

    `timeout` is in seconds. Raise TimeoutError after it; the run is ended then.
    """
    wanted = {
        "arguments": arguments,
        "environment": environment,
        "directory": directory,
        "notes": notes,
    }
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        line = f"{json.dumps(wanted)}\n".encode()
        sent = socket.send_fds(connection, [line], list(files))
        connection.sendall(line[sent:])
        connection.settimeout(timeout)
        with connection.makefile("r", encoding="ascii") as answer:
            pid = int(answer.readline())
            try:
                code = answer.readline()
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
            return int(code) if code else KILLED


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

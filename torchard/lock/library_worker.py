"""Read the libraries in wheels, in a child process: JSON in, JSON out.

Wheels are not trusted: a small one can unpack to a large one. So the process has limits.

    {"wheels": [{"path": …, "arch": …}, …]} -> {"wheels": [{…}, …]}

The last line is the answer; before it, there is a line with the path of each wheel that is going to
be read. `torchard.binaries.summary` says what an answer has.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from torchard.binaries.summary import Summary, summarize
from torchard.binaries.wheel import read_wheel


def read(path: str, arch: str) -> Summary:
    """Return the summary of one wheel, also if it cannot be read."""
    print(path, flush=True)  # a parent that stops this process can name it
    try:
        with Path(path).open("rb") as file:
            return summarize(read_wheel(file, arch))
    except (ValueError, OSError) as error:
        return Summary(error=str(error))


def main() -> None:
    """Answer the request on stdin."""
    asked: dict[str, Any] = msgspec.json.decode(sys.stdin.buffer.read())
    found = [read(one["path"], one["arch"]) for one in asked["wheels"]]
    sys.stdout.buffer.write(msgspec.json.encode({"wheels": found}) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

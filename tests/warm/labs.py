"""`simlab up` with its modules imported already: each lab is a fork of this process.

    python labs.py SOCKET

A lab differs from one that a person starts in its start alone, which tests/simlab does by a true
process.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from simlab import cli
from warm import forks


def run(wanted: dict[str, Any]) -> int:
    """Run the command as `python -m simlab` does; it always exits."""
    sys.argv = ["simlab", *wanted["arguments"]]
    cli.main()


if __name__ == "__main__":
    importlib.import_module("simlab.up")  # which a run imports late, and asyncssh with it
    forks.serve(sys.argv[1], run)

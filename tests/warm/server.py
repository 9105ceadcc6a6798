"""The `torchard` command with its modules imported already: each run is a fork of this process.

    python server.py SOCKET

The line of a client also has `notes`: whether a story wants to know what was shown.

A run differs from a person's in its start, and in its catalogue, which is that of tests/catalog.
What happens at a start, and at a terminal, is tested by true processes.
"""

from __future__ import annotations

# isort: off
import pyinfra_cli  # noqa: F401  # patches the standard library for gevent: must come first
# isort: on

import importlib
import sys
from pathlib import Path
from typing import Any

from fixed_catalog import use_fixed_catalog
from gevent import get_hub
from pyinfra.api.connectors import get_all_connectors

from torchard.catalog.catalog import load_catalog
from warm import forks

COMMANDS = Path(__file__).parents[2] / "torchard/cli"
# What a run imports: every command at its own top, and these only when they are needed.
IMPORTED = (
    "filelock",
    "jsonschema",
    "torchard.cli.main",
    *(f"torchard.cli.{path.stem}" for path in sorted(COMMANDS.glob("[a-z]*.py"))),
    "torchard.depot.download",
    "torchard.lock.wheels",
    "encodings.idna",
    "gevent.resolver.thread",
)


def run(wanted: dict[str, Any]) -> int:
    """Run the command as `python -m torchard` does; it always exits."""
    sys.argv = ["torchard", *wanted["arguments"]]
    notes = importlib.import_module("command") if wanted["notes"] else None
    (notes or sys.modules["torchard.cli.main"]).main()
    raise AssertionError("main always exits")


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    get_all_connectors()  # pyinfra imports them for each run
    use_fixed_catalog()
    load_catalog()
    get_hub().destroy(destroy_loop=True)  # urllib3 starts one when it is imported
    forks.serve(sys.argv[1], run)

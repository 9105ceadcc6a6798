"""The option `--torchard-lab LAB` of pytest, and the fixtures for a lab's Macs.

Without the option, pytest behaves as if this plugin were not there. With it, pytest runs the tests
of `test_lab.py`, and the tests at the paths that you name, on every Mac of the lab.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

    from torchard.lab.model import Lab

SUITE = Path(__file__).with_name("test_lab.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --torchard-lab."""
    parser.getgroup("torchard").addoption(
        "--torchard-lab",
        metavar="LAB",
        help="verify the Macs of this lab file, and run the tests at the named paths on each",
    )


def pytest_configure(config: pytest.Config) -> None:
    """If a lab is named, collect its tests and offer its Macs."""
    path = config.getoption("--torchard-lab", None)
    if path is None:
        return
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []
    config.args.append(str(SUITE))
    fixtures = _load_fixtures()
    config.stash[fixtures.LAB] = _read_lab(path)
    # Registered last, so that its `host` is used instead of testinfra's.
    config.pluginmanager.register(fixtures, "torchard-lab")


def _read_lab(path: str) -> Lab:
    from torchard.errors import TorchardError  # noqa: PLC0415  # every pytest loads this plugin
    from torchard.lab.load import load_lab  # noqa: PLC0415

    try:
        return load_lab(Path(path))
    except TorchardError as error:
        raise pytest.UsageError(str(error)) from None


def _load_fixtures() -> ModuleType:
    try:
        return importlib.import_module("torchard.testinfra.fixtures")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "testinfra":
            raise
        raise pytest.UsageError(
            "--torchard-lab needs testinfra, which is not installed;"
            " install Torchard with the extra: pip install './torchard-clone[testinfra]'"
        ) from None

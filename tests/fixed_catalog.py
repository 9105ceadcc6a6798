"""The fixed catalogue in tests/catalog, which a new release of PyTorch does not change.

Every test reads it through `load_catalog`: in its own process, in the commands that the fixture
`torchard` runs, and in a process that it starts with PYTHON_M. A test of the real rows calls
`load_real_catalog`; those in tests/live have it everywhere.
"""

from __future__ import annotations

import runpy
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from torchard.catalog import catalog

if TYPE_CHECKING:
    from torchard.catalog.rows import Catalogue

PYTHON_M = (sys.executable, __file__)
"""The words that start a module as `python -m` does, but with the fixed catalogue."""

FIXED, REAL = Path(__file__).with_name("catalog"), catalog.FOLDER


def use_fixed_catalog() -> None:
    """Make `load_catalog` read the fixed catalogue in this process."""
    catalog.FOLDER = FIXED
    catalog.load_catalog.cache_clear()


def use_real_catalog() -> None:
    """Make `load_catalog` read the real catalogue again."""
    catalog.FOLDER = REAL
    catalog.load_catalog.cache_clear()


def read_yaml(text: str | bytes) -> Any:
    """Read YAML as `yaml.safe_load` does, in C."""
    return yaml.load(text, yaml.CSafeLoader)  # it is a safe loader


def read_files(folder: Path) -> dict[str, Any]:
    """Return the contents of a catalogue's files, by name."""
    return {
        name: read_yaml((folder / name).read_bytes())
        for name in ("pytorch.yaml", "installers.yaml", "pairings.yaml")
    }


@lru_cache(maxsize=1)
def load_real_catalog() -> Catalogue:
    """Return the catalogue that Torchard carries."""
    return catalog.parse_catalog(*read_files(REAL).values())


if __name__ == "__main__":
    use_fixed_catalog()
    sys.path[0] = str(Path.cwd())
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)

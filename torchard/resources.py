"""The files that belong to the project: deploy.py, group_data, schemas; and how paths read."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def default_lab() -> Path:
    """Return the lab file of whoever names none."""
    return Path(os.environ.get("TORCHARD_LAB") or "inventory/lab.yaml")


def from_here(path: Path) -> str:
    """Return a path as it is read best: relative where it lies below the working directory."""
    here = path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def resource(name: str, package: Path = _PACKAGE) -> Path:
    """Return the absolute path of a file or folder of the project, such as `deploy.py`.

    An installed wheel keeps them in `torchard/_project`; in a checkout they lie beside the package.
    Raise FileNotFoundError where there is no such file.
    """
    installed = package / "_project"
    path = (installed if installed.is_dir() else package.parent) / name
    if not path.exists():
        raise FileNotFoundError(path)
    return path

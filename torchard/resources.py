"""Where the files of the project and the programs of this computer are."""

from __future__ import annotations

import os
from pathlib import Path

USUAL_LAB = Path("inventory/lab.yaml")
_PACKAGE = Path(__file__).resolve().parent


def find_default_lab() -> Path:
    """Return the path of the lab file if the command line names none."""
    return Path(os.environ.get("TORCHARD_LAB") or USUAL_LAB)


def shorten_local_path(path: Path) -> str:
    """Return a path as text, relative to the working directory if it is below it."""
    here = path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def find_resource(name: str, package: Path = _PACKAGE) -> Path:
    """Return the absolute path of a file or folder of the project, such as `deploy.py`.

    An installed wheel has them in `torchard/_project`, a checkout has them beside the package.
    Raise FileNotFoundError if there is no such file.
    """
    installed = package / "_project"
    path = (installed if installed.is_dir() else package.parent) / name
    if not path.exists():
        raise FileNotFoundError(path)
    return path


def clean_path() -> str:
    """Return PATH without its relative entries, which name the working directory."""
    parts = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(one for one in parts if Path(one).is_absolute())

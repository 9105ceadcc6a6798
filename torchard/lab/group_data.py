"""Find the group_data folder of a lab, and read the settings for all its Macs there.

The stock `pyinfra` command has this convention. Torchard reads the folder beside the lab file, else
the one beside its folder, as in a project with `inventory/lab.yaml` and `group_data/all.py`. The
working directory and the installed package do not count.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from torchard.lab.defaults import read_defaults
from torchard.lab.model import Position
from torchard.lab.problem import Problem, quote
from torchard.lab.yaml_source import Source, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "all.py"
_FOLDER = "group_data"
_MAX_FILES = 1000
_ROOT = 0


def read_group_data(lab: Path) -> Source:
    """Return the settings of the lab's group_data folder; a source without data if there is none.

    `lab` is the path of the lab file. Every failure is a problem of the source.
    """
    here = lab.resolve().parent
    for folder in (here / _FOLDER, here.parent / _FOLDER):
        if folder.is_dir():
            return _read(folder, lab)
    return _empty("")


def _read(folder: Path, lab: Path) -> Source:
    path = folder / FILE
    try:
        names = sorted(one.name for one in os.scandir(folder))[:_MAX_FILES]
        # A folder such as /tmp is writable by all: nobody else's settings apply to this lab.
        trusted = {_ROOT, os.geteuid(), lab.stat().st_uid}
        foreign = [one for one in (folder, path) if one.exists() and _owner(one) not in trusted]
    except OSError as error:
        problem = _problem(folder, f"cannot be read: {error.strerror}", "Make it readable.")
        return replace(_empty(str(folder)), problems=(problem,))
    if foreign:
        sentence = "this belongs to another account, so Torchard does not read it"
        problem = _problem(foreign[0], sentence, "Move the lab into a folder of your own.")
        return replace(_empty(str(folder)), problems=(problem,))
    found = read_defaults(path) if FILE in names else _empty(str(path))
    others = tuple(_find_others(folder, names))
    return replace(found, problems=(*found.problems, *others))


def _find_others(folder: Path, names: list[str]) -> Iterator[Problem]:
    """Yield each file that pyinfra would read as a group's settings, or that nobody reads."""
    for name in names:
        if name == FILE or name.startswith((".", "__pycache__")):
            continue
        group = name.rpartition(".")[0] or name
        sentence = f"Torchard reads only {FILE} in {_FOLDER}, and not {quote(name)}"
        instead = f"Write these settings under groups: in the lab file, as in {group}: {{…}}."
        yield _problem(folder / name, sentence, instead)


def _owner(path: Path) -> int:
    return path.stat().st_uid


def _empty(file: str) -> Source:
    return Source(file, {}, {(): Spot(Position(file, 0, 0))})


def _problem(path: Path, sentence: str, instead: str) -> Problem:
    return Problem(Position(str(path), 0, 0), sentence, instead)

"""What an account's login environment does to its environments, as people read it. Pure.

`operations/scripts/account.py` looks at it on the Mac.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torchard.mac.paths import shorten_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAMED = 3  # modules of one folder
LONGEST = 300  # characters of a text of a Mac's
WHERE = "in the account's login environment"


@dataclass(frozen=True)
class AccountReport:
    """What is wrong for a person who logs in.

    `failures` are (environment, sentence) where PyTorch or NumPy would not be the environment's,
    `warnings` are about everything else.
    """

    failures: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything as sentences, for who is only to know it."""
        return (*(f"{name}: {said}" for name, said in self.failures), *self.warnings)


def read_account(answer: str, modules: Mapping[str, Sequence[str]], home: str) -> AccountReport:
    """Read a Mac's answer, one line of JSON. Raise ValueError where it is none.

    `modules` has by environment those that have to come from it.
    """
    told = json.loads(answer)
    try:
        if "trouble" in told:
            shell = _cut(told["shell"]) or "its login shell"
            said = (
                f"the account's login shell, {shell}, {_cut(told['trouble'])}: what it gives"
                " python is not known; look at its startup files"
            )
            return AccountReport(warnings=(said,))
        failures: list[tuple[str, str]] = []
        warnings: list[str] = []
        for name, wanted in modules.items():
            found = told["environments"][name]
            lines = _Lines(told["variables"], told["lines"], home)
            failures += [(name, said) for said in _failures(found, wanted, lines)]
            warnings += [f"{name}: {said}" for said in _warnings(found, wanted, lines)]
        return AccountReport(tuple(failures), tuple(warnings))
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ValueError("it lacks a part") from error


def _cut(text: object) -> str:
    return str(text)[:LONGEST]


@dataclass(frozen=True)
class _Lines:
    """Which variables are set, and the lines of startup files that set them."""

    variables: Sequence[str]
    lines: Mapping[str, Sequence[str]]
    home: str

    def path(self, path: object) -> str:
        return shorten_path(_cut(path), self.home)

    def remove(self, variable: str) -> str:
        """Say where a variable is to be removed."""
        places = [self.path(one) for one in self.lines.get(variable, ())]
        if not places:
            return "remove it; none of the startup files that Torchard knows sets it"
        return f"remove it from {' and '.join(places)}"

    def reason(self, shadow: Mapping[str, Any]) -> tuple[str, str]:
        """Return what puts a module before the environment's, and the way out."""
        if shadow["cause"] == "PYTHONPATH":
            return f"PYTHONPATH {WHERE} puts", self.remove("PYTHONPATH")
        if shadow["cause"] == "user site":
            folder = self.path(shadow["entry"])
            return "the account's user site-packages put", f"remove it from {folder}"
        return f"a setting {WHERE} puts", f"look for what adds {self.path(shadow['entry'])}"


def _place(shadow: Mapping[str, Any]) -> str:
    """Return the folder of a package, or the file of a module."""
    place = str(shadow["place"])
    return place.rpartition("/")[0] if place.rpartition("/")[2] == "__init__.py" else place


def _failures(found: Mapping[str, Any], wanted: Sequence[str], lines: _Lines) -> Iterator[str]:
    if "died" in found:
        if "PYTHONHOME" in lines.variables:
            yield (
                f"PYTHONHOME {WHERE} keeps this environment's python from starting;"
                f" {lines.remove('PYTHONHOME')}"
            )
        else:
            yield f"its python does not work {WHERE}: {_cut(found['died'])}"
        return
    shadowed = [one for one in found["shadows"] if one["module"] in wanted]
    for one in shadowed:
        reason, way_out = lines.reason(one)
        place = lines.path(_place(one))
        yield f"{reason} {place} before this environment's {_cut(one['module'])}; {way_out}"
    if shadowed:
        return
    for name, error in found["failures"].items():
        if name in wanted:
            yield f"import {name} fails {WHERE}: {_cut(error)}"


def _warnings(found: Mapping[str, Any], wanted: Sequence[str], lines: _Lines) -> Iterator[str]:
    folders: dict[str, list[Mapping[str, Any]]] = {}
    for one in found.get("shadows", ()):
        if one["module"] not in wanted:
            folders.setdefault(str(one["entry"]), []).append(one)
    for entry, shadows in folders.items():
        reason, way_out = lines.reason(shadows[0])
        names = [_cut(one["module"]) for one in shadows]
        rest = len(names) - NAMED
        said = ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
        yield f"{reason} {lines.path(entry)} first, which has its own {said}; {way_out}"

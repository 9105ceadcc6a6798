"""What an account's login environment does to its conda environments, in sentences. Pure.

`operations/scripts/check_account.py` inspects it on the Mac.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torchard.mac.paths import shorten_mac_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAMED = 3  # modules of one folder that are named; the rest is counted
LONGEST = 300  # characters that are kept of a text from a Mac
WHERE = "in the account's login environment"


@dataclass(frozen=True)
class AccountReport:
    """What a person who logs in would find wrong.

    `failures` are (environment, sentence), if that person would get another PyTorch or NumPy than
    the environment's, or none. `warnings` are about everything else.
    """

    failures: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Failures and warnings as sentences."""
        return (*(f"{name}: {text}" for name, text in self.failures), *self.warnings)


def read_account(answer: str, modules: Mapping[str, Sequence[str]], home: str) -> AccountReport:
    """Read a Mac's answer, one line of JSON. Raise ValueError if it is anything else.

    `modules` has the modules that each environment must provide itself, by environment.
    """
    report = json.loads(answer)
    try:
        if "trouble" in report:
            shell = _cut(report["shell"]) or "its login shell"
            warning = (
                f"the account's login shell, {shell}, {_cut(report['trouble'])}: Torchard does not"
                " know what it gives to python; check its startup files"
            )
            return AccountReport(warnings=(warning,))
        failures: list[tuple[str, str]] = []
        warnings: list[str] = []
        for name, wanted in modules.items():
            found = report["environments"][name]
            lines = _Lines(report["variables"], report["lines"], home)
            failures += [(name, text) for text in _find_failures(found, wanted, lines)]
            warnings += [f"{name}: {text}" for text in _find_warnings(found, wanted, lines)]
        return AccountReport(tuple(failures), tuple(warnings))
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ValueError("it lacks a part") from error


def _cut(text: object) -> str:
    return str(text)[:LONGEST]


@dataclass(frozen=True)
class _Lines:
    """Which variables are set, and which startup files set them."""

    variables: Sequence[str]
    lines: Mapping[str, Sequence[str]]
    home: str

    def shorten(self, path: object) -> str:
        return shorten_mac_path(_cut(path), self.home)

    def remove(self, variable: str) -> str:
        """Say where to remove a variable."""
        places = [self.shorten(one) for one in self.lines.get(variable, ())]
        if not places:
            return "remove it; none of the startup files that Torchard knows sets it"
        return f"remove it from {' and '.join(places)}"

    def explain(self, shadow: Mapping[str, Any]) -> tuple[str, str]:
        """Return what puts a module before the environment's own, and what to do."""
        if shadow["cause"] == "PYTHONPATH":
            return f"PYTHONPATH {WHERE} puts", self.remove("PYTHONPATH")
        if shadow["cause"] == "user site":
            folder = self.shorten(shadow["entry"])
            return "the account's user site-packages put", f"remove it from {folder}"
        return f"a setting {WHERE} puts", f"look for what adds {self.shorten(shadow['entry'])}"


def _place(shadow: Mapping[str, Any]) -> str:
    """Return the folder of a package, or the file of a single module."""
    place = str(shadow["place"])
    return place.rpartition("/")[0] if place.rpartition("/")[2] == "__init__.py" else place


def _find_failures(found: Mapping[str, Any], wanted: Sequence[str], lines: _Lines) -> Iterator[str]:
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
        cause, remedy = lines.explain(one)
        place = lines.shorten(_place(one))
        yield f"{cause} {place} before this environment's {_cut(one['module'])}; {remedy}"
    if shadowed:
        return
    for name, error in found["failures"].items():
        if name in wanted:
            yield f"import {name} fails {WHERE}: {_cut(error)}"


def _find_warnings(found: Mapping[str, Any], wanted: Sequence[str], lines: _Lines) -> Iterator[str]:
    folders: dict[str, list[Mapping[str, Any]]] = {}
    for one in found.get("shadows", ()):
        if one["module"] not in wanted:
            folders.setdefault(str(one["entry"]), []).append(one)
    for entry, shadows in folders.items():
        cause, remedy = lines.explain(shadows[0])
        names = [_cut(one["module"]) for one in shadows]
        rest = len(names) - NAMED
        listed = ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
        yield f"{cause} {lines.shorten(entry)} first, which has its own {listed}; {remedy}"

"""Read the Macs of a first lab from a table, as an inventory or a spreadsheet exports it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torchard.lab.check_form import check_schema
from torchard.lab.model import Position
from torchard.lab.problem import LabError, Problem, quote
from torchard.lab.yaml_source import Source, Spot
from torchard.starter.first_lab import FirstLab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.lab.yaml_source import KeyPath

_MOST_MACS = 1000
# What people call the columns, and where their values belong in lab.yaml.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    "mac": ("name",),
    "computer name": ("name",),
    "address": ("address",),
    "ip": ("address",),
    "ip address": ("address",),
    "hostname": ("address",),
    "host": ("address",),
    "user": ("ssh", "user"),
    "port": ("ssh", "port"),
    "arch": ("arch",),
    "macos": ("macos",),
    "groups": ("groups",),
    "group": ("groups",),
}
_SEPARATORS = ",;\t"
_MOST_NAMES = 10  # in a note
_INVALID = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class _Table:
    """The Macs that were read so far, and the position of each value in the table."""

    file: str
    macs: dict[str, dict[str, Any]] = field(default_factory=dict)
    renamed: list[str] = field(default_factory=list)
    spots: dict[KeyPath, Spot] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def report(self, line: int, sentence: str, instead: str) -> None:
        self.problems.append(Problem(Position(self.file, line, 1), sentence, instead))


def read_hosts_csv(text: str, file: str) -> FirstLab:
    """Return the Macs and groups of a table whose first line names its columns.

    Raise LabError with the line of each value that no lab can have.
    """
    table = _Table(file)
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    ignored: tuple[str, ...] = ()
    try:
        header = [one.strip().lower() for one in next(reader, [])]
        places = [_COLUMNS.get(one) for one in header]
        ignored = tuple(one for one in header if one and one not in _COLUMNS)
        if ("name",) not in places and ("address",) not in places:
            instead = "Begin it with a line of column names, such as: name,address,user,groups"
            table.report(1, "no column is called name or address", instead)
            raise LabError(table.problems)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _read_row(table, places, cells, reader.line_num)
    except csv.Error as error:
        table.report(reader.line_num, f"this is not CSV: {error}", "Export the table again.")
    groups = tuple(
        dict.fromkeys(group for mac in table.macs.values() for group in mac.get("groups", ()))
    )
    data = {"macs": table.macs, "groups": {group: {} for group in groups}}
    source = Source(file, data, {(): Spot(Position(file, 1, 1)), **table.spots})
    problems = (*table.problems, *check_schema(source).problems)
    if problems:
        raise LabError(problems)
    notes = tuple(_list_notes(table, ignored))
    return FirstLab(macs=table.macs, groups=groups, notes=notes)


def _list_notes(table: _Table, ignored: tuple[str, ...]) -> Iterator[str]:
    if ignored:
        columns = "column" if len(ignored) == 1 else "columns"
        read = ", ".join(dict.fromkeys(place[-1] for place in _COLUMNS.values()))
        yield (
            f"{table.file}: nothing was read from the {columns}"
            f" {', '.join(map(quote, ignored))}. A table can have {read}."
        )
    if table.renamed:
        more = len(table.renamed) - _MOST_NAMES
        names = [*table.renamed[:_MOST_NAMES], *([f"and {more} more"] if more > 0 else [])]
        yield (
            f"{table.file}: a name has only a to z, A to Z, 0 to 9 and . _ -, so"
            f" {', '.join(names)}."
        )


def _read_row(
    table: _Table, places: list[tuple[str, ...] | None], cells: list[str], line: int
) -> None:
    if any(cell.strip() for cell in cells[len(places) :]):
        instead = "Put quotes around a cell that has a separator in it."
        table.report(line, "this row has more cells than the first line has columns", instead)
        return
    values: dict[tuple[str, ...], str] = {}
    for place, cell in zip(places, cells, strict=False):
        if place is not None and cell.strip():
            values.setdefault(place, cell.strip())
    name = _take_name(table, values, line)
    if name is None:
        return
    mac: dict[str, Any] = {}
    where = Position(table.file, line, 1)
    table.spots["macs", name] = Spot(where, where)
    for place, text in values.items():
        value: Any = text
        if place == ("groups",):
            value = [one for one in re.split(r"[;,\s]+", text) if one]
        elif place == ("ssh", "port") and text.isdecimal():
            value = int(text)
        around = mac.setdefault("ssh", {}) if place[0] == "ssh" else mac
        around[place[-1]] = value
        path: KeyPath = ("macs", name, *place)
        table.spots[path] = Spot(where, where)
    table.macs[name] = mac


def _take_name(table: _Table, values: dict[tuple[str, ...], str], line: int) -> str | None:
    """Take the name of a row's Mac out of its values. Return None if it can have none."""
    given = values.pop(("name",), None)
    name = _INVALID.sub("-", given or values.get(("address",), "")).strip("-._")
    if not name:
        table.report(line, "this row names no Mac", "Write its name or its address.")
        return None
    if name in table.macs:
        table.report(line, f"a row before has the Mac {quote(name)} too", "Give it another name.")
        return None
    if len(table.macs) == _MOST_MACS:
        table.report(line, f"there are more than {_MOST_MACS} Macs", "Split the table.")
        return None
    if given is not None and name != given:
        table.renamed.append(f"{quote(given)} became {name}")
    return name

"""A plan kept in a file, to be done later just as it was shown, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchard.errors import TorchardError
from torchard.plan.codec import FORMAT, dumps, plan_data, read_plan
from torchard.plan.preconditions import Precondition
from torchard.resources import resource
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.plan.plan import Plan

_START = b'{\n  "format":'  # what every file of ours begins with, whatever its name
_LONGEST = 200  # characters of names that a file gives
_REST = "*"
_AGAIN = "Plan again: `torchard plan --out FILE`."


class PlanFileError(TorchardError):
    """A file that holds no plan, or not the one that was written."""


@dataclass(frozen=True)
class Saved:
    """A plan as it was saved: for which lab (an absolute path), and when (text, in UTC).

    Both are None for what `--json` printed, which can be shown, and not applied.
    """

    plan: Plan
    lab: Path | None
    date: str | None


def is_plan(path: Path) -> bool:
    """Tell whether an argument is a plan, and not a lab file."""
    if path.suffix == ".json":
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(_START)) == _START
    except OSError:
        return False


def save(plan: Plan, lab: Path, path: Path) -> None:
    """Write a plan so that it is there whole, or as it was. Raise PlanFileError where it cannot.

    A file that is no plan is not written over.
    """
    if path.exists() and not (path.is_file() and _begins_as_ours(path)):
        raise PlanFileError(f"{path} is there, and is no plan.", "Name another file with --out.")
    data = plan_data(plan)
    artefacts = {one.sha256 for mac in plan.macs for step in mac.steps for one in step.packages}
    data["saved"] = {
        "torchard": version("torchard"),
        "lab": str(lab),
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "in_depot": sorted(one for one in artefacts if one in plan.in_depot),
        "preconditions": {mac.name: list(map(asdict, mac.preconditions)) for mac in plan.macs},
    }
    data["saved"]["seals"] = _seals(data)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(dumps(data) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise PlanFileError(f"{path} cannot be written: {error.strerror or error}.") from error


def _begins_as_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_START)) == _START


def read(path: Path) -> Saved:
    """Read a plan. Raise PlanFileError where it was edited or cut off, or is none of ours."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlanFileError(f"{path}: the plan cannot be read: {error.strerror}.") from error
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        where = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PlanFileError(
            f"{path}{where}: this is no whole plan: it was cut off there, or edited.", _AGAIN
        ) from error
    if not isinstance(data, dict) or not {"format", "macs", "summary"} <= data.keys():
        raise PlanFileError(f"{path}: this is JSON, but no plan.", _AGAIN)
    if data["format"] != FORMAT or isinstance(data["format"], bool):
        raise PlanFileError(
            f"{path}: its format is {json.dumps(data['format'])[:20]}, and this version of Torchard"
            f" reads format {FORMAT}.",
            _AGAIN,
        )
    if "saved" in data:
        _unedited(data, path)
    _shaped(data, path)
    if "saved" not in data:
        return Saved(read_plan(data), None, None)
    saved = data["saved"]
    plan = read_plan(data, frozenset(saved["in_depot"]))
    facts = saved["preconditions"]
    macs = [
        replace(mac, preconditions=tuple(Precondition(**one) for one in facts.get(mac.name, ())))
        for mac in plan.macs
    ]
    return Saved(replace(plan, macs=tuple(macs)), Path(saved["lab"]), saved["date"])


def lab_of(saved: Saved, path: Path) -> Path:
    """Return the lab file that a plan is for. Raise PlanFileError where it is gone, or another."""
    if saved.lab is None:
        raise PlanFileError(
            f"{path}: this is what --json printed, and holds too little to be applied.", _AGAIN
        )
    named = os.environ.get("TORCHARD_LAB")
    if named and Path(named).resolve() != saved.lab:
        raise PlanFileError(
            f"{path}: this plan is for the lab {saved.lab}, and TORCHARD_LAB names {named}.",
            "Unset TORCHARD_LAB, or plan again for that lab.",
        )
    if not saved.lab.is_file():
        raise PlanFileError(f"{path}: the lab of this plan, {saved.lab}, is not there.", _AGAIN)
    return saved.lab


def _seals(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what tells that a part of a plan is as it was written, by Mac; `*` is the rest."""
    saved = {
        key: value for key, value in data["saved"].items() if key not in {"seals", "preconditions"}
    }
    rest = {**data, "macs": list(data["macs"]), "saved": saved}
    seals = {
        name: _digest([name, mac, data["saved"]["preconditions"].get(name)])
        for name, mac in data["macs"].items()
    }
    return {**seals, _REST: _digest(rest)}


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _unedited(data: Mapping[str, Any], path: Path) -> None:
    try:
        found, written = _seals(data), data["saved"]["seals"]
        names = [name for name in {**found, **written} if found.get(name) != written.get(name)]
    except (AttributeError, KeyError, TypeError, RecursionError):
        names = [_REST]
    if names:
        macs = [name for name in names if name != _REST]
        what = f"the plan of {_cut(', '.join(macs))}" if macs else "its head or its summary"
        raise PlanFileError(f"{path}: {what} was edited since it was saved.", _AGAIN)


def _cut(text: str) -> str:
    """Return what a file says as a sentence may hold it."""
    shown = sanitize(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _shaped(data: Mapping[str, Any], path: Path) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # only those who read a plan

    schema = json.loads(resource("schemas/plan.schema.json").read_text(encoding="utf-8"))
    error = next(Draft202012Validator(schema).iter_errors(data), None)
    if error is not None:
        place = _cut("/".join(map(str, error.absolute_path))) or "its top"
        raise PlanFileError(f"{path}: this is no plan of Torchard: see {place}.", _AGAIN)

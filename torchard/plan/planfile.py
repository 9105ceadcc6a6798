"""A plan in a file, to be applied later exactly as it was printed, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from torchard.errors import TorchardError
from torchard.outputs import require_output, write_file
from torchard.plan.codec import FORMAT, Saved, dumps, plan_document, read_document, to_data
from torchard.plan.plan import Plan
from torchard.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.plan.codec import StatusDocument
    from torchard.plan.result import Result

_START = b'{\n  "format":'  # of every file that Torchard writes, whatever its name
_LONGEST = 200  # characters of names that a file gives
_REST = "*"
_OTHERS = (  # a key of a document, perhaps its value, and the command that prints it
    ("kind", "doctor", "doctor"),
    ("kind", "bundle", "bundle"),
    ("kind", "depot", "depot"),
    ("explain", None, "plan --explain MAC"),
    ("variant", None, "choose"),
    ("refusal", None, "choose"),
)
_AGAIN = "Plan again: `torchard plan --out FILE`."


class PlanFileError(TorchardError):
    """A file that is not a plan, or is not as Torchard wrote it."""


class OtherJSONError(PlanFileError):
    """A JSON file that says nothing about what is planned, done or found on Macs."""


@dataclass(frozen=True)
class SavedPlan:
    """A plan that was saved: for which lab (an absolute path), and when (text, in UTC)."""

    plan: Plan
    lab: Path
    date: str


def is_plan(path: Path) -> bool:
    """Tell whether an argument is a plan, and not a lab file."""
    if path.suffix == ".json":
        return True
    try:
        return _is_ours(path)
    except OSError:
        return False


def save(plan: Plan, lab: Path, path: Path) -> None:
    """Write a plan in one rename. Raise TorchardError if it cannot be written.

    A file that is not a plan is not overwritten.
    """
    require_output(path, "plan", "--out")
    artefacts = {one.sha256 for mac in plan.macs for step in mac.steps for one in step.packages}
    saved = Saved(
        torchard=version("torchard"),
        lab=str(lab),
        date=f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        in_depot=tuple(sorted(one for one in artefacts if one in plan.in_depot)),
        preconditions={mac.name: mac.preconditions for mac in plan.macs},
        seals={},
    )
    document = msgspec.structs.replace(plan_document(plan), saved=saved)
    saved = msgspec.structs.replace(saved, seals=_seals(to_data(document)))
    write_file(path, dumps(msgspec.structs.replace(document, saved=saved)) + "\n")


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_START)) == _START


def read(path: Path) -> Plan | Result | StatusDocument | SavedPlan:
    """Read what `--out` saved or `--json` printed.

    Raise PlanFileError if the file was edited or cut off, or Torchard did not write it.
    """
    data = _read_json(path)
    if "saved" in data:
        _check_seals(data, path)
    try:
        content = read_document(data)
    except msgspec.ValidationError as error:
        raise PlanFileError(
            f"{path}: this is not a plan of Torchard: {_cut(str(error))}.", _AGAIN
        ) from error
    if "saved" not in data or not isinstance(content, Plan):
        return content
    saved = msgspec.convert(data["saved"], Saved)
    facts = saved.preconditions
    macs = (replace(mac, preconditions=facts.get(mac.name, ())) for mac in content.macs)
    return SavedPlan(Plan(tuple(macs), frozenset(saved.in_depot)), Path(saved.lab), saved.date)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise PlanFileError(f"{path}: the plan cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        where = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PlanFileError(
            f"{path}{where}: this is not a whole plan: it was cut off there, or edited.", _AGAIN
        ) from error
    if not isinstance(data, dict) or not {"format", "macs", "summary"} <= data.keys():
        raise OtherJSONError(f"{path}: {_describe_other(data)}", _AGAIN)
    if data["format"] != FORMAT or isinstance(data["format"], bool):
        raise PlanFileError(
            f"{path}: its format is {json.dumps(data['format'])[:20]}, and this version of Torchard"
            f" reads format {FORMAT}.",
            _AGAIN,
        )
    return data


def _describe_other(data: Any) -> str:
    """Return a sentence on JSON that is not about a plan: which command printed it."""
    for key, value, command in _OTHERS if isinstance(data, dict) else ():
        if key in data and value in {None, str(data[key])}:
            return f"this is what `torchard {command} --json` printed, and not a plan."
    return "this is JSON, but not a plan."


def read_saved(path: Path) -> SavedPlan:
    """Read a plan that can be applied. Raise PlanFileError if it cannot, or its lab is missing."""
    saved = read(path)
    if not isinstance(saved, SavedPlan):
        raise PlanFileError(
            f"{path}: --json printed this, and it has too little to be applied.", _AGAIN
        )
    named = os.environ.get("TORCHARD_LAB")
    if named and Path(named).resolve() != saved.lab:
        raise PlanFileError(
            f"{path}: this plan is for the lab {saved.lab}, and TORCHARD_LAB names {named}.",
            "Unset TORCHARD_LAB, or plan again for that lab.",
        )
    if not saved.lab.is_file():
        raise PlanFileError(f"{path}: the lab of this plan, {saved.lab}, does not exist.", _AGAIN)
    return saved


def _seals(data: Mapping[str, Any]) -> dict[str, str]:
    """Return digests that show where a plan was edited, by Mac; `*` is of the rest."""
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


def _check_seals(data: Mapping[str, Any], path: Path) -> None:
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
    """Return a text of a file as a sentence can have it."""
    clean = sanitize(text)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}…"

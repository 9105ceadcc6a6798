"""The fields of a lab file that hold text, from its schema, and labs that fill one field."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from torchard.resources import find_resource

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "<name>"  # the name of something in a mapping whose keys are the lab's own
ITEM = "<item>"
Place = tuple[str, ...]

# Every lab of these tests has these, so that other fields can refer to them.
LAB: dict[str, Any] = {
    "environments": {"torch": {"python": "3.12"}},
    "groups": {"studio": {}},
    "macs": {"studio-01": {"address": "192.0.2.1", "groups": ["studio"]}},
}
NAMES = {
    "environments": "torch", "groups": "studio", "macs": "studio-01", "conda": "conda-forge",
    "indexes": "pyg", "variables": "OMP_NUM_THREADS",
}  # fmt: skip
BESIDE: dict[str, dict[str, Any]] = {
    "kernel": {"pip": ["ipykernel"]},
    "url": {"sha256": "0" * 64},
    "sha256": {"url": "https://a"},
}
INDEX = {"url": "https://a/{torch}.html", "packages": ["pyg-lib"]}


def schema() -> dict[str, Any]:
    """Return the schema of a lab."""
    text = find_resource("schemas/lab.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def places(of: dict[str, Any] | None = None, at: Place = ()) -> Iterator[Place]:
    """Walk a schema and yield each field of text. A part that it cannot walk is an error."""
    of = schema() if of is None else of
    if "$ref" in of:
        of = {**schema()["$defs"][of["$ref"].rpartition("/")[2]], **of}
    kinds = of.get("type", "enum" if "enum" in of else None)
    assert kinds, at
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind in {"string", "enum"}:
            yield at
        elif kind == "array":
            yield from places(of["items"], (*at, ITEM))
        elif kind == "object":
            for key, value in of.get("properties", {}).items():
                yield from places(value, (*at, key))
            if "propertyNames" in of:
                yield (*at, KEY)
                assert isinstance(of["additionalProperties"], dict)
                yield from places(of["additionalProperties"], (*at, NAMES[at[-1]]))
            else:
                assert of["additionalProperties"] is False, at
        else:
            assert kind in {"boolean", "integer", "null"}, (at, kind)


def filled(place: Place, text: str) -> dict[str, Any]:
    """Return a lab that has a text in one field."""
    lab = copy.deepcopy(LAB)
    around: Any = lab
    *way, last = place
    if last == ITEM:
        *way, last = way
    for key in way:
        around = around.setdefault(key, {})
    if place[-1] == KEY:
        fresh: Any = {"conda": "https://a", "indexes": INDEX, "variables": "1"}.get(way[-1], {})
        around[text] = around.pop(NAMES[way[-1]], fresh)
    elif "indexes" in way:
        around.update({**INDEX, last: [text] if place[-1] == ITEM else text})
    else:
        around[last] = [text] if place[-1] == ITEM else text
        around.update({} if "delivery" in way else BESIDE.get(last, {}))
    return lab

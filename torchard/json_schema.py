"""JSON Schemas, made from the msgspec types that read the same JSON. Pure.

Tests compare `schemas/*.schema.json` with them; no command needs this module.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]  # of things or of bytes


def make_schema(kind: Any, name: str, examples: list[Any]) -> str:
    """Return the text of the schema `urn:torchard:NAME` for a msgspec Struct and what it holds.

    `kind` may also be a union of tagged Structs. The title of each part is its class's name in
    words, its description that class's docstring. No part takes unknown fields.
    """
    made = msgspec.json.schema(kind)
    parts: dict[str, Any] = made["$defs"]
    for part in parts.values():
        part["title"] = _in_words(part["title"])
        part["additionalProperties"] = False
        part["description"] = " ".join(part["description"].split())
    if "$ref" in made:
        root = parts.pop(made["$ref"].rpartition("/")[2])
    else:
        root = {"title": name.capitalize(), "anyOf": made["anyOf"]}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:torchard:{name}",
    }
    whole = {**head, **root, "examples": examples, "$defs": parts}
    return json.dumps(json.loads(json.dumps(whole), object_hook=_null_last), indent=2) + "\n"


def _null_last(part: dict[str, Any]) -> dict[str, Any]:
    """Put null behind what it stands in for: the order depends on the version of msgspec."""
    if "anyOf" in part:
        part["anyOf"].sort(key=lambda one: one == {"type": "null"})
    return part


def _in_words(name: str) -> str:
    """Return a class's name as a title: `CondaPackage` is `Conda package`."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda one: f" {one[0].lower()}", name)

"""The settings that a Mac can have, as `schemas/lab.schema.json` lists them.

The schema is the only list: a Mac, a group, `defaults:`, group_data/all.py and `--data` take the
same keys.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from torchard.resources import find_resource


@functools.cache
def read_schema() -> dict[str, Any]:
    """Return the schema of lab files."""
    text = find_resource("schemas/lab.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@functools.cache
def setting_keys() -> tuple[str, ...]:
    """Return the key of every setting."""
    return tuple(_properties())


@functools.cache
def merged_keys() -> frozenset[str]:
    """Return the settings that merge key by key; a nearer value replaces any other setting."""
    return frozenset(
        key for key, value in _properties().items() if _resolve(value).get("type") == "object"
    )


@functools.cache
def lab_wide_keys() -> tuple[str, ...]:
    """Return the settings that a lab file can also have at its top, for all its Macs."""
    top = read_schema()["properties"]
    return tuple(key for key, value in _properties().items() if top.get(key) == value)


def _properties() -> dict[str, Any]:
    found: dict[str, Any] = read_schema()["$defs"]["settings"]["properties"]
    return found


def _resolve(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = read_schema()["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return found

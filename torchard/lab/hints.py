"""What to write instead of a value that people often write: a hint for each usual mistake. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from torchard.lab.settings import read_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torchard.lab.yaml_source import KeyPath

# YAML 1.1 reads these as booleans, and people know them from there.
_BOOLEANS = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
_EXAMPLES = {
    "macs": ("studio-01", "{address: 192.0.2.11}"),
    "environments": ("torch", '{python: "3.12"}'),
    "groups": ("studio", "{environments: [torch]}"),
}
_NAMES = ("name", "hostname", "host", "address")  # keys of an item that may be its name
_SPACE = "Write a space after the colon"
# A user, a host and a port as ssh, scp and URLs write them. A password before the @ is not matched.
_REMOTE = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@:/]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:/\[\]]+)"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)


def suggest_for_type(path: KeyPath, wanted: str, value: Any, typed: str | None) -> str | None:
    """Return what to write instead of a value of the wrong type, or None.

    `wanted` is JSON Schema's name of the type. `typed` is the unquoted text in the file.
    """
    if wanted == "boolean" and isinstance(value, str) and value.lower() in _BOOLEANS:
        return f"Write {_BOOLEANS[value.lower()]}, without quotes."
    if wanted != "object":
        return None
    if len(path) == 1 and path[0] in _EXAMPLES and isinstance(value, list):
        return _suggest_names(str(path[0]), value)
    if isinstance(value, str):
        key, colon, rest = value.partition(":")
        if colon and rest and key in _known_keys(path):
            return f"{_SPACE}: {key}: {rest}."
    text = typed if typed is not None else value if isinstance(value, str) else None
    if text is None or len(path) < 2:
        return None
    if path[0] == "environments" and path[-1] == "pytorch":
        return _suggest_pytorch(text)
    if len(path) == 2 and path[0] == "environments" and _fits("environment", "python", text):
        return f'Write {{python: "{text}"}}.'
    if len(path) == 2 and path[0] == "macs":
        return suggest_for_address(text) or _suggest_address(text)
    return None


def suggest_for_key(key: str, known: Sequence[str]) -> str | None:
    """Return what to write instead of an unknown key that has its value in it, or None."""
    word, colon, rest = key.partition(":")
    return f"{_SPACE}: {word}: {rest}." if colon and rest and word in known else None


def suggest_for_address(text: str) -> str | None:
    """Return how to write a user, a host and a port that are in one text, or None."""
    found = _REMOTE.fullmatch(text)
    if found is None or not (found["user"] or found["port"]):
        return None
    host = found["host"].strip("[]")
    ssh = []
    if found["user"]:
        if not _matches(read_schema()["$defs"]["ssh"]["properties"]["user"], found["user"]):
            return None
        ssh.append(f"user: {found['user']}")
    if found["port"]:
        ssh.append(f"port: {found['port']}")
    if not _matches(read_schema()["$defs"]["address"], host):
        return None
    return f"Write address: {host}, and ssh: {{{', '.join(ssh)}}}."


def _suggest_names(kind: str, items: list[Any]) -> str:
    name, value = _EXAMPLES[kind]
    first = items[0] if items else None
    if isinstance(first, dict):
        first = next((first[key] for key in _NAMES if key in first), None)
    if isinstance(first, str) and _matches(read_schema()["$defs"]["name"], first):
        name = first
    return f"Write each name with a colon, and no dash: {name}: {value}."


def _suggest_pytorch(text: str) -> str | None:
    for key in ("release", "backend", "source"):
        if _fits("pytorch", key, text):
            value = f'"{text}"' if text[0].isdigit() else text
            return f"Write pytorch: {{{key}: {value}}}."
    return None


def _suggest_address(text: str) -> str | None:
    is_address = _matches(read_schema()["$defs"]["address"], text)
    return f"Write {{address: {text}}}." if is_address else None


def _known_keys(path: KeyPath) -> Sequence[str]:
    definition = {"macs": "mac", "groups": "settings", "environments": "environment"}
    if len(path) != 2 or path[0] not in definition:
        return ()
    return list(read_schema()["$defs"][definition[str(path[0])]]["properties"])


def _fits(definition: str, key: str, text: str) -> bool:
    return _matches(read_schema()["$defs"][definition]["properties"][key], text)


def _matches(schema: dict[str, Any], text: str) -> bool:
    if "enum" in schema:
        return text in schema["enum"]
    return re.search(schema["pattern"], text) is not None

"""Check data against `schemas/lab.schema.json`, and turn each violation into a sentence."""

from __future__ import annotations

import copy
import difflib
import functools
import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from torchard.lab import hints, specs
from torchard.lab.problem import Problem, quote, take_few
from torchard.lab.settings import read_schema, setting_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torchard.lab.model import Position
    from torchard.lab.yaml_source import KeyPath, Source

_WANTED = {
    "object": ("a mapping", "Write keys and their values below it."),
    "array": ("a list", "Write a list, such as [one, two]."),
    "string": ("text", ""),
    "integer": ("a whole number", "Write a whole number, without quotes."),
    "boolean": ("true or false", "Write true or false, without quotes."),
}
# The keyword with what to write instead. It is a standard one, so strict validators accept it.
_INSTEAD = "$comment"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}")
_MAX_COMPARED = 100  # words; each takes up to 0.1 ms
_SECRETS = ("password", "passphrase", "secret", "token")


@dataclass(frozen=True)
class Checked:
    """The problems that a check found, and the data without the values that have one.

    A list keeps its length: an item with a problem is None.
    """

    data: Any
    problems: tuple[Problem, ...]


def check_schema(source: Source, definition: str | None = None) -> Checked:
    """Check a source against the schema, or one definition of it. Return all problems."""
    validator = _validator(definition)
    data = copy.deepcopy(source.data)
    problems: list[Problem] = []
    errors = list(validator.iter_errors(source.data))
    wrong_type = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    for error in errors:
        path = tuple(error.absolute_path)
        if path in wrong_type and error.validator != "type":
            continue  # for the port 0.5, say that it is not a whole number, not that it is below 1
        problems += take_few(_FAULTS[error.validator](error, path, source))
        # These concern one key or item: the rest of the value is still checked.
        if error.validator in {"additionalProperties", "required", "uniqueItems"}:
            continue
        at_key = "propertyNames" in error.absolute_schema_path
        data = _without(data, (*path, error.instance) if at_key else path)
    return Checked(data, tuple(problems))


@functools.cache
def _validator(definition: str | None) -> Draft202012Validator:
    schema = read_schema()
    whole = schema if definition is None else schema["$defs"][definition]
    # For items that cannot be sorted, jsonschema compares each with each other.
    kind: Any = extend(Draft202012Validator, {"uniqueItems": _unique})  # type: ignore[no-untyped-call]
    validator: Draft202012Validator = kind(_inlined(whole, schema["$defs"]))
    return validator


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Replace each `$ref` by what it refers to, which halves the time of a check.

    No definition refers to itself.
    """
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        meant = definitions[schema["$ref"].removeprefix("#/$defs/")]
        schema = {**meant, **{key: value for key, value in schema.items() if key != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in schema.items() if key != "$defs"}


def _without(data: Any, path: KeyPath) -> Any:
    """Remove the value at a path, if an earlier problem has not removed it already."""
    if not path:
        return None
    around = data
    for key in path[:-1]:
        around = _step(around, key)
    if isinstance(around, dict):
        around.pop(path[-1], None)
    elif isinstance(around, list):
        around[int(path[-1])] = None
    return data


def _step(around: Any, key: str | int) -> Any:
    if isinstance(around, dict):
        return around.get(str(key))
    return around[int(key)] if isinstance(around, list) else None


def format_path(path: Iterable[str | int]) -> str:
    """Return a path as a sentence writes it: `macs.studio-01.groups, item 2`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f", item {key + 1}"
        else:
            word = key if _NAME.fullmatch(key) else quote(key)
            text += f".{word}" if text else word
    return text or "the file"


def find_nearest(word: str, words: Iterable[str], alike: float = 0.6) -> str | None:
    """Return the most similar word, or None if none is similar enough.

    `alike`, from 0 to 1, is the least similarity. Only the first 100 words are compared.
    """
    few_words = list(islice(words, _MAX_COMPARED))
    found = difflib.get_close_matches(word.lower(), few_words, n=1, cutoff=alike)
    return found[0] if found else None


# Each `error` below is a jsonschema ValidationError, whose attributes have no types.


def _type(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    wanted = error.validator_value
    wanted = wanted if isinstance(wanted, str) else wanted[0]
    noun, instead = _WANTED[wanted]
    spot = source.spots.get(path)
    typed = spot.text if spot is not None else None
    if typed is None and not isinstance(error.instance, (dict, list, str)):
        typed = json.dumps(error.instance)
    if isinstance(error.validator_value, list) and _INSTEAD in error.schema:
        instead = error.schema[_INSTEAD]
    elif wanted == "string":
        quoted = typed and re.search(error.schema["pattern"], typed)
        instead = f'Write "{typed}", in quotes.' if quoted else error.schema[_INSTEAD]
    elif wanted == "array" and isinstance(error.instance, str) and _NAME.fullmatch(error.instance):
        instead = f"Write [{error.instance}]."
    instead = hints.suggest_for_type(path, wanted, error.instance, typed) or instead
    what = _kind(error.instance, typed)
    yield Problem(source.where(path), f"{format_path(path)} is {what}, but must be {noun}", instead)


def _kind(value: Any, typed: str | None) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the yes-or-no value {typed}"
    if isinstance(value, (int, float)):
        return f"the number {typed}"
    if isinstance(value, str):
        return f"the text {quote(value)}"
    return "a list" if isinstance(value, list) else "a mapping"


def _unknown_keys(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key in known:
            continue
        where = source.where((*path, key), key=True)
        if is_secret(key):
            yield refuse_secret(key, where)
            continue
        near = find_nearest(key, known)
        instead = f"Write {near}." if near else f"Its keys are {', '.join(known)}."
        instead = hints.suggest_for_key(key, known) or _find_place(key, path) or instead
        yield Problem(where, f"{format_path(path)} has no key {quote(key)}", instead)


def _find_place(key: str, path: KeyPath) -> str | None:
    """Say where a key belongs that another part of the lab file has."""
    if key in setting_keys() and path != ("defaults",):
        return f"Write {key} under defaults: for all Macs, or under a group or a Mac."
    if len(path) > 2:
        return None
    parts = read_schema()["$defs"]
    if key in parts["environment"]["properties"]:
        return f"Write {key} under an environment, as in environments: {{torch: {{{key}: …}}}}."
    if key in parts["mac"]["properties"]:
        return f"Write {key} under a Mac, as in macs: {{studio-01: {{{key}: …}}}}."
    return None


def is_secret(key: str) -> bool:
    """Tell whether a key would hold a secret, which a lab file cannot."""
    return any(word in key.lower() for word in _SECRETS)


def refuse_secret(key: str, where: Position) -> Problem:
    """Return the problem of a key that would hold a secret."""
    return Problem(
        where,
        f"a lab file cannot hold a secret, so it has no {key}",
        "Use keys and agents only: `ssh-copy-id USER@MAC` copies your public key to a Mac.",
    )


def _missing(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    # Each missing key is an error of its own, and only its message names the key.
    key = next(name for name in error.validator_value if error.message.startswith(f"{name!r} "))
    example = json.dumps(_examples(error.schema["properties"][key])[0])
    instead = f"Add it, as in {key}: {example}."
    yield Problem(source.where(path, key=True), f"{format_path(path)} has no {key}", instead)


def _examples(schema: dict[str, Any]) -> list[Any]:
    found: list[Any] = schema["examples"]
    return found


def _pattern(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    message = error.schema[_INSTEAD]
    if "propertyNames" in error.absolute_schema_path:
        where = source.where((*path, error.instance), key=True)
        yield Problem(
            where, f"{format_path(path)} cannot have a key {quote(error.instance)}", message
        )
        return
    if path[-1] == "address":
        message = hints.suggest_for_address(error.instance) or message
    where = source.where(path)
    key = path[-2] if isinstance(path[-1], int) else path[-1]
    if key in {"conda", "pip"} and isinstance(path[-1], int):
        explain = specs.explain_conda_form if key == "conda" else specs.explain_pip_form
        sentence, instead = explain(error.instance)
        yield Problem(where, f"{format_path(path)}: {sentence}", instead)
        return
    yield Problem(where, f"{format_path(path)} cannot be {quote(error.instance)}", message)


def _enum(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    words = error.validator_value
    # Short words are easily similar: for amd64 or gpu, all alternatives are named.
    near = find_nearest(str(error.instance), words, alike=0.85)
    instead = f"Write {near or _alternatives(words)}."
    sentence = f"{format_path(path)} cannot be {quote(error.instance)}"
    yield Problem(source.where(path), sentence, instead)


def _alternatives(words: list[str]) -> str:
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _range(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    low, high = error.schema["minimum"], error.schema["maximum"]
    sentence = f"{format_path(path)} cannot be {quote(error.instance)}"
    yield Problem(source.where(path), sentence, f"Write a number from {low} to {high}.")


def _empty(_error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    yield Problem(source.where(path), f"{format_path(path)} is empty", "Write at least one.")


def _too_many(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    most = error.validator_value
    sentence = f"{format_path(path)} has more than {most} items"
    yield Problem(source.where(path), sentence, f"Write at most {most}.")


def _unique(_validator: Any, wanted: Any, items: Any, _schema: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(items, list):
        texts = {json.dumps(item, default=str) for item in items}
        if len(texts) < len(items):
            yield ValidationError("an item is there twice")


def _twice(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, item in enumerate(error.instance):
        earlier = first.setdefault(json.dumps(item, default=str), index)
        if earlier != index:
            line = source.where((*path, earlier)).line
            sentence = f"{format_path(path)} has {quote(item)} twice, first on line {line}"
            yield Problem(source.where((*path, index)), sentence, "Keep one of the two.")


def _not(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    sentence = f"{format_path(path)} cannot be {quote(error.instance)}"
    yield Problem(source.where(path), sentence, error.schema[_INSTEAD])


_FAULTS: dict[str, Callable[[Any, KeyPath, Source], Iterable[Problem]]] = {
    "type": _type,
    "additionalProperties": _unknown_keys,
    "required": _missing,
    "pattern": _pattern,
    "enum": _enum,
    "minimum": _range,
    "maximum": _range,
    "minItems": _empty,
    "minProperties": _empty,
    "maxItems": _too_many,
    "maxProperties": _too_many,
    "uniqueItems": _twice,
    "not": _not,
}

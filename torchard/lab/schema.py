"""Check data against `schemas/lab.schema.json`, and say in sentences what does not hold."""

from __future__ import annotations

import copy
import difflib
import functools
import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from torchard.lab import specs
from torchard.lab.not_yet import refused_key
from torchard.lab.problem import Problem, few, shown
from torchard.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jsonschema import Draft202012Validator, ValidationError

    from torchard.lab.yaml_source import KeyPath, Source

_WANTED = {
    "object": ("a mapping", "Write keys and their values below it."),
    "array": ("a list", "Write a list, such as [one, two]."),
    "string": ("text", ""),
    "integer": ("a whole number", "Write a whole number, without quotes."),
    "boolean": ("true or false", "Write true or false, without quotes."),
}
_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}")
_LOOKED_AT = 100  # words: to compare one takes up to a tenth of a millisecond


@dataclass(frozen=True)
class Checked:
    """What a check found, and the data without what it found fault with.

    A list keeps its length: an item at fault is None there.
    """

    data: Any
    problems: tuple[Problem, ...]


def check(source: Source, definition: str | None = None) -> Checked:
    """Check a source against the schema, or against one definition of it. All faults are told."""
    validator = _validator(definition)
    data = copy.deepcopy(source.data)
    problems: list[Problem] = []
    errors = list(validator.iter_errors(source.data))
    wrong_type = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    for error in errors:
        path = tuple(error.absolute_path)
        if path in wrong_type and error.validator != "type":
            continue  # 0.5 is no port because it is no whole number, not because it is below 1
        problems += few(_FAULTS[error.validator](error, path, source))
        # A key or an item too many, or one that is missing, leaves the rest to be judged.
        if error.validator in {"additionalProperties", "required", "uniqueItems"}:
            continue
        at_key = "propertyNames" in error.absolute_schema_path
        data = _without(data, (*path, error.instance) if at_key else path)
    return Checked(data, tuple(problems))


@functools.cache
def _validator(definition: str | None) -> Draft202012Validator:
    # A tenth of a second: only those who read a lab wait for it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    schema = _schema()
    whole = schema if definition is None else schema["$defs"][definition]
    # jsonschema compares every item with every other, where they cannot be sorted.
    kind: Any = extend(Draft202012Validator, {"uniqueItems": _unique})  # type: ignore[no-untyped-call]
    validator: Draft202012Validator = kind(_inlined(whole, schema["$defs"]))
    return validator


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Write what a schema refers to in its place: looked up for each value, it takes twice as long.

    No definition of ours refers to itself.
    """
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        meant = definitions[schema["$ref"].removeprefix("#/$defs/")]
        schema = {**meant, **{key: value for key, value in schema.items() if key != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in schema.items() if key != "$defs"}


@functools.cache
def _schema() -> dict[str, Any]:
    text = resource("schemas/lab.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _without(data: Any, path: KeyPath) -> Any:
    """Drop what stands at a path, which a check before may have dropped already."""
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


def place(path: Iterable[str | int]) -> str:
    """Return a path as it is written in a sentence: `macs.studio-01.groups`, item 2."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f", item {key + 1}"
        else:
            word = key if _NAME.fullmatch(key) else shown(key)
            text += f".{word}" if text else word
    return text or "the file"


def nearest(word: str, words: Iterable[str], alike: float = 0.6) -> str | None:
    """Return the word that a person most likely meant, or None. Only so many are looked at.

    `alike`, from 0 to 1, is how near it must be.
    """
    few_words = list(islice(words, _LOOKED_AT))
    found = difflib.get_close_matches(word.lower(), few_words, n=1, cutoff=alike)
    return found[0] if found else None


# What follows takes jsonschema's ValidationError, whose types leave every attribute open.


def _type(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    wanted = error.validator_value
    wanted = wanted if isinstance(wanted, str) else wanted[0]
    noun, instead = _WANTED[wanted]
    spot = source.spots.get(path)
    typed = spot.text if spot is not None else None
    if typed is None and not isinstance(error.instance, (dict, list, str)):
        typed = json.dumps(error.instance)
    if "errorMessage" in error.schema:
        instead = error.schema["errorMessage"]
    elif wanted == "string":
        quoted = typed and re.search(error.schema["pattern"], typed)
        instead = f'Write "{typed}", in quotes.' if quoted else error.schema["patternErrorMessage"]
    elif wanted == "array" and isinstance(error.instance, str) and _NAME.fullmatch(error.instance):
        instead = f"Write [{error.instance}]."
    what = _kind(error.instance, typed)
    yield Problem(source.where(path), f"{place(path)} is {what}, but must be {noun}", instead)


def _kind(value: Any, typed: str | None) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the yes-or-no value {typed}"
    if isinstance(value, (int, float)):
        return f"the number {typed}"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    return "a list" if isinstance(value, list) else "a mapping"


def _unknown_keys(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key in known:
            continue
        where = source.where((*path, key), key=True)
        refused = refused_key(key)
        if refused is not None:
            yield Problem(where, *refused)
            continue
        near = nearest(key, known)
        instead = f"Write {near}." if near else f"Its keys are {', '.join(known)}."
        yield Problem(where, f"{place(path)} has no key {shown(key)}", instead)


def _missing(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    # jsonschema tells each missing key in an error of its own, named in its message alone.
    key = next(name for name in error.validator_value if error.message.startswith(f"{name!r} "))
    example = json.dumps(_examples(error.schema["properties"][key])[0])
    instead = f"Add it, as in {key}: {example}."
    yield Problem(source.where(path, key=True), f"{place(path)} lacks {key}", instead)


def _examples(schema: dict[str, Any]) -> list[Any]:
    found: list[Any] = schema["examples"]
    return found


def _pattern(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    message = error.schema["patternErrorMessage"]
    if "propertyNames" in error.absolute_schema_path:
        where = source.where((*path, error.instance), key=True)
        yield Problem(where, f"{place(path)} cannot have a key {shown(error.instance)}", message)
        return
    where = source.where(path)
    key = path[-2] if isinstance(path[-1], int) else path[-1]
    if key in {"conda", "pip"} and isinstance(path[-1], int):
        explain = specs.conda_shape if key == "conda" else specs.pip_shape
        sentence, instead = explain(error.instance)
        yield Problem(where, f"{place(path)}: {sentence}", instead)
        return
    yield Problem(where, f"{place(path)} cannot be {shown(error.instance)}", message)


def _enum(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    words = error.validator_value
    # Where the choices are few and short, amd64 is near arm64, and gpu near cpu: all are told.
    near = nearest(str(error.instance), words, alike=0.85)
    instead = f"Write {near or _alternatives(words)}."
    sentence = f"{place(path)} cannot be {shown(error.instance)}"
    yield Problem(source.where(path), sentence, instead)


def _alternatives(words: list[str]) -> str:
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _range(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    low, high = error.schema["minimum"], error.schema["maximum"]
    sentence = f"{place(path)} cannot be {shown(error.instance)}"
    yield Problem(source.where(path), sentence, f"Write a number from {low} to {high}.")


def _empty(_error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    yield Problem(source.where(path), f"{place(path)} names nothing", "Name at least one.")


def _too_many(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    most = error.validator_value
    sentence = f"{place(path)} names more than {most}"
    yield Problem(source.where(path), sentence, f"Name {most} at most.")


def _unique(_validator: Any, wanted: Any, items: Any, _schema: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError  # noqa: PLC0415

    if wanted and isinstance(items, list):
        texts = {json.dumps(item, default=str) for item in items}
        if len(texts) < len(items):
            yield ValidationError("an item stands there twice")


def _twice(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, item in enumerate(error.instance):
        earlier = first.setdefault(json.dumps(item, default=str), index)
        if earlier != index:
            line = source.where((*path, earlier)).line
            sentence = f"{place(path)} names {shown(item)} twice, the first time on line {line}"
            yield Problem(source.where((*path, index)), sentence, "Keep one of the two.")


def _not(error: Any, path: KeyPath, source: Source) -> Iterator[Problem]:
    sentence = f"{place(path)} cannot be {shown(error.instance)}"
    yield Problem(source.where(path), sentence, error.schema["errorMessage"])


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

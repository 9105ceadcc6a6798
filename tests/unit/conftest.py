"""Golden files, which are kept beside the tests, and schemas, which are made of types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from torchard.resources import find_resource

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Hold a text against `golden/NAME` beside the test, or write it there with --renew."""
    folder = request.path.parent / "golden"

    def hold(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--renew"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return hold


@pytest.fixture
def schema_file(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a schema with `schemas/NAME.schema.json`, or write that file with --renew.

    Its examples are valid, and each part has a title and a description.
    """

    def compare(name: str, text: str) -> None:
        path = find_resource(f"schemas/{name}.schema.json")
        if request.config.getoption("--renew"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")
        schema = json.loads(text)
        assert schema["$id"] == f"urn:torchard:{name}"
        Draft202012Validator.check_schema(schema)
        for example in schema["examples"]:
            Draft202012Validator(schema).validate(example)
        for part in schema["$defs"].values():
            assert {"title", "description"} <= part.keys()

    return compare

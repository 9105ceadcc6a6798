"""The schemas of the project, as strict validators of other people take them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import regress

ROOT = Path(__file__).parents[2]
SCHEMAS = sorted((ROOT / "schemas").glob("*.json"))
LABS = sorted([*(ROOT / "tests/labs/good").glob("*.yaml"), *(ROOT / "inventory").glob("*.yaml")])
# The keywords of JSON Schema 2020-12 that ours use. In its strict mode, ajv rejects any other.
KEYWORDS = set(
    """
    $schema $id $ref $defs $comment title description examples default type enum const pattern
    properties required additionalProperties propertyNames items prefixItems minProperties
    maxProperties
    minItems maxItems uniqueItems minLength maxLength minimum maximum anyOf allOf oneOf not if then
    else
    """.split()  # noqa: SIM905  # one word a line would fill a page
)
OF_NAMES = ("properties", "$defs")  # what they hold are names, and not keywords


def check(*arguments):
    """Run check-jsonschema, which is as strict as ECMA-262's `u` mode about patterns."""
    words = [sys.executable, "-m", "check_jsonschema", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def parts(node):
    """Yield each schema in a schema."""
    if isinstance(node, list):
        for one in node:
            yield from parts(one)
    elif isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in {"examples", "default", "const", "enum"}:
                yield from parts(list(value.values()) if key in OF_NAMES else value)


def test_every_schema_fits_the_metaschema():
    """Each pattern is one that ECMA-262 knows."""
    done = check("--check-metaschema", *SCHEMAS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_schema_has_standard_keywords_and_patterns(path):
    """No validator meets a keyword or an escape that it does not know."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["$id"] == f"urn:torchard:{path.name.partition('.')[0]}"
    for part in parts(schema):
        assert part.keys() <= KEYWORDS
        if "pattern" in part:
            regress.Regex(part["pattern"], flags="u")


def test_an_escape_that_u_mode_does_not_know_is_found():
    r"""`\-`, `\_` and `\A` are Python's, and no strict validator takes them."""
    for pattern in (r"\-", r"\_", r"\A", r"[\"]"):
        with pytest.raises(regress.RegressError):
            regress.Regex(pattern, flags="u")


def test_other_validators_accept_a_good_lab():
    """As an editor or a pre-commit hook of the lab would check it."""
    done = check("--schemafile", ROOT / "schemas/lab.schema.json", *LABS)
    assert done.returncode == 0, done.stdout

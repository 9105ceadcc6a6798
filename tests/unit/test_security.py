"""Each promise of SECURITY.md names tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[^`:]+)::(\w+)`", TEXT)


def test_each_promise_names_its_test():
    """A row without one would be a claim."""
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| promise ")]
    assert len(promises) > 20
    for row in promises:
        assert re.search(r"`tests/[^`:]+::test_\w+` *\|$|`tests/[^`:]+::test_\w+`,", row), row


def test_each_test_that_is_named_is_there():
    """Under this name, so that anyone can run it."""
    for path, name in NAMED:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in functions, f"{path} has no {name}"

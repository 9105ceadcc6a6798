"""Text from outside is shown so that a terminal does nothing with it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchard.plan.file_changes import FileChange
from torchard.sanitize import sanitize, sanitize_data, sanitize_lines


@given(st.text(st.characters()))
def test_whatever_comes_can_be_printed_and_what_can_be_printed_stays(text):
    """Even lone surrogates, which no terminal's encoding has."""
    safe = sanitize(text)
    assert safe.isprintable()
    safe.encode("utf-8")
    assert sanitize(safe) == safe
    assert (safe == text) == text.isprintable()


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("torch 2.15.0 · µ 火", "torch 2.15.0 · µ 火"),
        ("\x1b[2J\x9b", r"\x1b[2J\x9b"),
        ("a\u202eb\u2028", r"a\u202eb\u2028"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_is_not_printable_is_written_out(text, safe):
    """As a programmer would write it."""
    assert sanitize(text) == safe


def test_the_lines_of_a_remote_command_stay_lines():
    """Tabs are spaces; a carriage return does not overwrite a line."""
    assert sanitize_lines("a\tb\r\nc\x1b[0m") == "a       b\nc\\x1b[0m"
    assert sanitize_lines("1 %\r2 %") == "1 %\\r2 %"


def test_every_text_within_data_is_sanitized():
    """At any depth; a value that is not a text stays as it is."""

    @dataclass(frozen=True)
    class Part:
        name: str
        inner: tuple[object, ...]
        count: int = 1

    assert sanitize_data(Part("\x1b", (Part("a\n", ()), ("\x07", None, 2)))) == Part(
        r"\x1b", (Part(r"a\n", ()), (r"\x07", None, 2))
    )


def test_a_file_keeps_its_lines():
    """Its diff goes line by line; whatever else is not printable in it is written out."""
    change = FileChange("~/\n", "a\r\n\tb\x1b\n", None)
    assert sanitize_data((change,)) == (FileChange("~/\\n", "a\\r\n\\tb\\x1b\n", None),)

"""Strict YAML with positions."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from torchard.lab import yaml_source
from torchard.lab.model import Position
from torchard.lab.problem import quote
from torchard.lab.yaml_source import MAX_BYTES, parse_yaml, read_yaml, resolve

GOOD = sorted((Path(__file__).parents[2] / "labs" / "good").glob("*.yaml"))


def sentences(content, parser=yaml_source.PARSER):
    """Parse a content and return what is wrong with it."""
    source = parse_yaml(content, "lab.yaml", parser)
    return [f"{one.where.line}:{one.where.column} {one.sentence}" for one in source.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("12", 12),
        ("-3", -3),
        ("3.10", 3.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("0x16", "0x16"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("22:30", "22:30"),
        ("2026-11-24", "2026-11-24"),
        ("1.2.3", "1.2.3"),
        ("9" * 64, "9" * 64),
        ("\u0661", "\u0661"),
    ],
)
def test_an_unquoted_scalar_resolves_nearly_as_in_yaml_1_2(text, value):
    """Only true and false are booleans, and only short decimals are numbers."""
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_every_part_has_its_place_and_unquoted_text_is_kept():
    """A value's place, its key's place and the text typed without quotes can be looked up."""
    source = parse_yaml(b'a:\n  - 3.10\n  - "3.10"\n', "lab.yaml")
    assert source.data == {"a": [3.1, "3.10"]}
    assert source.where(("a",), key=True) == Position("lab.yaml", 1, 1)
    assert source.where(("a", 1)) == Position("lab.yaml", 3, 5)
    assert source.where(("a", 1), key=True) == Position("lab.yaml", 3, 5)
    assert source.spots["a", 0].text == "3.10"
    assert source.spots["a", 1].text is None


def test_what_has_no_place_is_at_the_nearest_thing_around_it():
    """A path that is not in the file is placed at what would hold it, or at the file itself."""
    source = parse_yaml(b"a: {b: 1}\n", "lab.yaml")
    assert source.where(("a", "c", "d")) == Position("lab.yaml", 1, 4)
    assert source.where(("x",)) == Position("lab.yaml", 1, 1)
    assert yaml_source.Source("lab.yaml").where(("x",)) == Position("lab.yaml", 0, 0)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_both_parsers_of_pyyaml_read_the_same(path):
    """Without libyaml a file means the same and stands at the same places."""
    fast = parse_yaml(path.read_bytes(), "lab.yaml", yaml.CSafeLoader)
    pure = parse_yaml(path.read_bytes(), "lab.yaml", yaml.SafeLoader)
    assert fast == pure


def test_the_first_of_two_equal_keys_counts():
    """A key that is there already is told with the line of the first, and changes nothing."""
    source = parse_yaml(b"a: {x: 1}\nb: 2\na: {y: [3]}\n", "lab.yaml")
    assert source.data == {"a": {"x": 1}, "b": 2}
    assert source.readable
    assert ("a", "y") not in source.spots
    assert [one.sentence for one in source.problems] == ['the key "a" is already on line 1']


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_every_refusal_of_a_file_is_told_at_once(parser):
    """Aliases, merge keys, tags, odd keys and twice-said keys are all told, each at its place."""
    content = b"a: &x 1\nb: *x\n*x : 2\n? {c: d}\n: [*x]\n<<: {e: 1}\nf: !!int '1'\na: !t {}\n"
    assert sentences(content, parser) == [
        "1:4 &x is an anchor",
        "2:4 *x is an alias",
        "3:1 *x is an alias",
        "4:3 a mapping or list cannot be a key",
        "5:4 *x is an alias",
        "6:1 << merges mappings",
        '7:4 the tag "!!int" is not supported',
        '8:1 the key "a" is already on line 1',
        '8:4 the tag "!t" is not supported',
    ]


def test_a_file_of_one_alias_is_refused():
    """An alias with nothing around it is refused as any other."""
    assert sentences(b"*x\n") == ["1:1 *x is an alias"]


def test_a_file_over_a_mebibyte_is_refused(tmp_path):
    """The limit is 1 MiB: a file of just that is read, and one byte more is not."""
    path = tmp_path / "lab.yaml"
    path.write_bytes(b"a: 1\n".ljust(MAX_BYTES, b"#"))
    assert not [one for one in read_yaml(path).problems if "MiB" in one.sentence]
    path.write_bytes(b"a: 1\n".ljust(MAX_BYTES + 1, b"#"))
    assert [one.sentence for one in read_yaml(path).problems] == ["the file is over 1 MiB"]


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_nesting_over_twenty_is_refused(parser):
    """Twenty levels are read; the twenty-first is refused where it begins."""
    assert sentences(b"[" * 20 + b"]" * 20, parser) == []
    assert sentences(b"[" * 21 + b"]" * 21, parser) == ["1:21 this is nested more than 20 deep"]


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_endless_nesting_is_refused_in_the_same_words(parser):
    """A parser that reads ahead may meet a limit of its own first, and says it elsewhere."""
    (told,) = sentences(b"[" * 900_000, parser)
    assert told.partition(" ")[2] == "this is nested more than 20 deep"


def test_deep_nesting_in_a_key_is_refused():
    """What stands in a key is counted as well."""
    assert sentences(b"? " + b"[" * 20)[-1] == "1:22 this is nested more than 20 deep"


def test_many_forbidden_characters_are_not_told_one_by_one_for_ever():
    """After a hundred such characters the rest is one line."""
    found = sentences(b"\x01" * 5000)
    assert len(found) == 101
    assert found[0] == "1:1 the file contains U+0001, a control character"
    assert found[-1] == "1:101 there are more such characters from here on"


@pytest.mark.parametrize(
    ("character", "kind"),
    [
        ("\x00", "U+0000, a control character"),
        ("\x85", "U+0085, a control character"),
        ("\u2028", "U+2028, which is invisible"),
        ("\u200f", "U+200F, which changes the reading direction"),
        ("\u2066", "U+2066, which changes the reading direction"),
        ("\uffff", "U+FFFF, which is invisible"),
    ],
)
def test_characters_that_cannot_be_seen_are_named(character, kind):
    """A character that cannot be shown is told by its number and its kind."""
    assert sentences(f"a: b\n# {character}\n".encode()) == [f"2:3 the file contains {kind}"]


def test_an_escape_cannot_bring_in_what_a_file_may_not_hold():
    """Escapes for control characters, half surrogates and line breaks are refused in values."""
    assert sentences(b'"a\\tb": "\\0"\n') == [
        "1:1 this text contains U+0009, a control character",
        "1:9 this text contains U+0000, a control character",
    ]
    assert "U+D800" in sentences(b'a: "\\ud800"', yaml.SafeLoader)[0]
    assert sentences(b"a: |\n  one\n  two\n") == ["1:4 this text contains U+000A, a line break"]


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_an_escape_that_names_no_character_is_a_problem(parser):
    """An escape beyond Unicode is refused, whichever parser meets it."""
    assert len(sentences(b'a: "\\U00110000"\n', parser)) == 1


def test_a_syntax_error_without_a_mark_is_a_problem(monkeypatch):
    """An error of PyYAML that names no place is told of the whole file."""

    def broken(*_, **__):
        raise yaml.YAMLError("nothing works")

    monkeypatch.setattr(yaml, "parse", broken)
    problem = parse_yaml(b"a: 1", "lab.yaml").problems[0]
    assert str(problem).startswith("lab.yaml: this is not YAML: nothing works\n  ")


def test_an_unclosed_bracket_is_told_where_it_opens():
    """A quote that is never closed is told at the place where it opens, with either parser."""
    for parser in (yaml.CSafeLoader, yaml.SafeLoader):
        assert sentences(b'a: 1\nb: "two\n\n', parser)[0].startswith("2:4 this is not YAML: ")


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    """A file that is missing, a folder, or has an impossible name is told, without a traceback."""
    assert str(read_yaml(tmp_path / "no").problems[0]).startswith(
        f"{tmp_path / 'no'}: there is no such file\n"
    )
    assert read_yaml(tmp_path).problems[0].sentence == "this is a folder"
    assert "cannot be read" in read_yaml(Path("a\0b")).problems[0].sentence
    (tmp_path / "file").write_text("")
    assert "cannot be read" in read_yaml(tmp_path / "file" / "lab.yaml").problems[0].sentence


def test_what_is_shown_is_printable_short_and_without_secrets():
    """A sentence never carries a password, a token, an endless text or a raw control character."""
    assert quote("a\x1b\u202e\x07") == '"a\\u001b\\u202e\\u0007"'
    assert len(quote("x" * 1000)) == 60
    assert quote("https://me:p/w @d@host/x") == '"https://…@host/x"'
    assert quote("https://host/t/tk-1/x") == '"https://host/t/…/x"'

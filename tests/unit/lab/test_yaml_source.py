"""The reader of a strict subset of YAML, with positions."""

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
    """Parse a content and return its problems."""
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


def test_every_part_has_a_position_and_its_unquoted_text():
    """The source has the position of a value, of its key, and the text typed without quotes."""
    source = parse_yaml(b'a:\n  - 3.10\n  - "3.10"\n', "lab.yaml")
    assert source.data == {"a": [3.1, "3.10"]}
    assert source.where(("a",), key=True) == Position("lab.yaml", 1, 1)
    assert source.where(("a", 1)) == Position("lab.yaml", 3, 5)
    assert source.where(("a", 1), key=True) == Position("lab.yaml", 3, 5)
    assert source.spots["a", 0].text == "3.10"
    assert source.spots["a", 1].text is None


def test_a_missing_path_has_the_position_of_its_parent():
    """A path that is not in the file gets the position of its parent or of the file."""
    source = parse_yaml(b"a: {b: 1}\n", "lab.yaml")
    assert source.where(("a", "c", "d")) == Position("lab.yaml", 1, 4)
    assert source.where(("x",)) == Position("lab.yaml", 1, 1)
    assert yaml_source.Source("lab.yaml").where(("x",)) == Position("lab.yaml", 0, 0)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_both_parsers_of_pyyaml_read_the_same(path):
    """Without libyaml, a file has the same data at the same positions."""
    fast = parse_yaml(path.read_bytes(), "lab.yaml", yaml.CSafeLoader)
    pure = parse_yaml(path.read_bytes(), "lab.yaml", yaml.SafeLoader)
    assert fast == pure


def test_the_first_of_two_equal_keys_applies():
    """The problem names the line of the first key, and the second changes nothing."""
    source = parse_yaml(b"a: {x: 1}\nb: 2\na: {y: [3]}\n", "lab.yaml")
    assert source.data == {"a": {"x": 1}, "b": 2}
    assert source.readable
    assert ("a", "y") not in source.spots
    assert [one.sentence for one in source.problems] == ['the key "a" is already on line 1']


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_all_problems_of_a_file_are_reported_together(parser):
    """Aliases, merge keys, tags, odd keys and duplicate keys each have their own position."""
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


def test_a_file_of_one_alias_is_rejected():
    """An alias at the top is rejected like any other."""
    assert sentences(b"*x\n") == ["1:1 *x is an alias"]


def test_a_file_over_a_mebibyte_is_rejected(tmp_path):
    """A file of 1 MiB is read, and one byte more is not."""
    path = tmp_path / "lab.yaml"
    path.write_bytes(b"a: 1\n".ljust(MAX_BYTES, b"#"))
    assert not [one for one in read_yaml(path).problems if "MiB" in one.sentence]
    path.write_bytes(b"a: 1\n".ljust(MAX_BYTES + 1, b"#"))
    assert [one.sentence for one in read_yaml(path).problems] == ["the file is over 1 MiB"]


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_nesting_over_twenty_is_rejected(parser):
    """Twenty levels are read; the problem is at the start of the twenty-first."""
    assert sentences(b"[" * 20 + b"]" * 20, parser) == []
    assert sentences(b"[" * 21 + b"]" * 21, parser) == ["1:21 this is nested more than 20 deep"]


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_endless_nesting_is_rejected_with_the_same_message(parser):
    """A parser that reads ahead can reach its own limit first, at another position."""
    (told,) = sentences(b"[" * 900_000, parser)
    assert told.partition(" ")[2] == "this is nested more than 20 deep"


def test_deep_nesting_in_a_key_is_rejected():
    """Levels in a key count too."""
    assert sentences(b"? " + b"[" * 20)[-1] == "1:22 this is nested more than 20 deep"


def test_only_the_first_forbidden_characters_are_reported():
    """After a hundred, one line reports the others."""
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
def test_invisible_characters_are_named(character, kind):
    """The message has their number and their kind."""
    assert sentences(f"a: b\n# {character}\n".encode()) == [f"2:3 the file contains {kind}"]


def test_an_escape_cannot_add_a_forbidden_character():
    """Values cannot have escapes for control characters, half surrogates and line breaks."""
    assert sentences(b'"a\\tb": "\\0"\n') == [
        "1:1 this text contains U+0009, a control character",
        "1:9 this text contains U+0000, a control character",
    ]
    assert "U+D800" in sentences(b'a: "\\ud800"', yaml.SafeLoader)[0]
    assert sentences(b"a: |\n  one\n  two\n") == ["1:4 this text contains U+000A, a line break"]


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, yaml.SafeLoader])
def test_an_escape_beyond_unicode_is_a_problem(parser):
    """Both parsers reject it."""
    assert len(sentences(b'a: "\\U00110000"\n', parser)) == 1


def test_a_syntax_error_without_a_mark_is_a_problem(monkeypatch):
    """A PyYAML error without a position is a problem of the whole file."""

    def broken(*_, **__):
        raise yaml.YAMLError("nothing works")

    monkeypatch.setattr(yaml, "parse", broken)
    problem = parse_yaml(b"a: 1", "lab.yaml").problems[0]
    assert str(problem).startswith("lab.yaml: this is not YAML: nothing works\n  ")


def test_an_unclosed_quote_has_the_position_where_it_opens():
    """Both parsers report it there."""
    for parser in (yaml.CSafeLoader, yaml.SafeLoader):
        assert sentences(b'a: 1\nb: "two\n\n', parser)[0].startswith("2:4 this is not YAML: ")


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    """A missing file, a folder or an impossible name is a problem, without a traceback."""
    assert str(read_yaml(tmp_path / "no").problems[0]).startswith(
        f"{tmp_path / 'no'}: there is no such file\n"
    )
    assert read_yaml(tmp_path).problems[0].sentence == "this is a folder"
    assert "cannot be read" in read_yaml(Path("a\0b")).problems[0].sentence
    (tmp_path / "file").write_text("")
    assert "cannot be read" in read_yaml(tmp_path / "file" / "lab.yaml").problems[0].sentence


def test_a_quoted_value_is_printable_short_and_without_secrets():
    """A sentence never has a password, a token, a very long text or a control character."""
    assert quote("a\x1b\u202e\x07") == '"a\\u001b\\u202e\\u0007"'
    assert len(quote("x" * 1000)) == 60
    assert quote("https://me:p/w @d@host/x") == '"https://…@host/x"'
    assert quote("https://host/t/tk-1/x") == '"https://host/t/…/x"'


def test_only_so_many_keys_and_values_are_read(monkeypatch):
    """Beyond the bound, the rest of the file is not read, and the message says why."""
    monkeypatch.setattr(yaml_source, "MAX_PARTS", 4)
    assert sentences(b"a: [1, 2, 3, 4]\n") == ["1:8 the file has more than 4 keys and values"]

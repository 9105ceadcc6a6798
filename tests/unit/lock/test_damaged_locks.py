"""Only a whole lock file is read; the error of another one says where it is damaged."""

from __future__ import annotations

import copy
import json
import re

import pytest
from example_lock import LOCK
from jsonschema import Draft202012Validator

from torchard.lock.codec import format_lock, parse_lock, read_lock
from torchard.lock.lockfile import LockFileError
from torchard.resources import find_resource

SCHEMA = json.loads(find_resource("schemas/lock.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def at(path, value):
    """Return a function that puts a value at a path of a lock."""

    def damage(data):
        *way, last = path
        for key in way:
            data = data[key]
        data[last] = value

    return damage


def without(*path):
    """Return a function that removes the value at a path of a lock."""

    def damage(data):
        *way, last = path
        for key in way:
            data = data[key]
        del data[last]

    return damage


def keys():
    """Return the path of every key that a lock must have."""
    data = json.loads(format_lock(LOCK))
    lists = {"conda_specs", "pip_specs", "channels", "constraints"}
    found, todo = [], [((), data)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, list):
            todo += [((*path, place), one) for place, one in enumerate(value)]
        elif isinstance(value, dict):
            for key, one in value.items():
                if path[-1:] not in {("provides",), ("packages",)}:
                    found.append((*path, key))
                if key not in lists:
                    todo.append(((*path, key), one))
    return sorted(found, key=str)


TEXT = format_lock(LOCK).encode()
KEYS = keys()
HOSTILE = ["../../etc/passwd", "a/b", "$(touch x)", "a;b", "a b", "", "-o", "a\n", "\x1b[2J", ".."]
SHAPED = [
    ("environment",),
    ("class",),
    ("inputs",),
    ("python",),
    ("variant", "source"),
    ("variant", "packages", "torch"),
    *(("conda", 0, key) for key in ("name", "version", "build", "subdir", "file", "sha256")),
    ("conda", 0, "provides", "pip"),
    *(("wheels", 0, key) for key in ("name", "version", "file", "sha256")),
]

DAMAGED = {
    **{f"no {'.'.join(map(str, path))}": without(*path) for path in KEYS},
    **{f"wrong type of {'.'.join(map(str, path))}": at(path, 1.5) for path in KEYS},
    **{f"{path[-1]} {bad!r}": at(path, bad) for path in SHAPED for bad in HOSTILE},
    **{
        f"{bad!r} beside {'.'.join(map(str, path))}": at((*path, bad), "1.0")
        for path in [(), ("variant",), ("conda", 0), ("wheels", 0)]
        for bad in ["more", "x\n"]
    },
    **{f"distribution {bad!r}": at(("conda", 0, "provides", bad), "1.0") for bad in HOSTILE},
    **{f"package {bad!r}": at(("variant", "packages", bad), "1.0") for bad in HOSTILE},
    **{
        f"text {bad!r} in {path}": at(path, bad)
        for bad in ["a\nb", "a\n", "\x1b]0;x\x07", "\u202eevil", "\ud800", None]
        for path in [("variant", "constraints", 0), ("pip_specs", 0), ("conda_specs", 1)]
    },
    **{
        f"channel {bad!r}": at(("channels", 0), bad)
        for bad in [
            "a b",
            "../x",
            "x/../y",
            "ftp://host/x",
            "https://user:word@host/x",
            "https://host/t/token/x",
            "https://host/x?y",
        ]
    },
    "format 1": at(("format",), 1),
    "format true": at(("format",), value=True),
    "format as text": at(("format",), "2"),
    "size below 0": at(("conda", 0, "size"), -1),
    "size true": at(("wheels", 0, "size"), value=True),
    "size as text": at(("wheels", 0, "size"), "5"),
    "sha256 in capitals": at(("wheels", 0, "sha256"), "B" * 64),
    "sha256 too short": at(("wheels", 0, "sha256"), "b" * 63),
    "name not normalised": at(("wheels", 0, "name"), "Typing_Extensions"),
    "conda package without a suffix": at(("conda", 0, "file"), "python-3.12.13-h1_0_cpython"),
    "wheel that is an sdist": at(("wheels", 0, "file"), "einops-0.8.2.tar.gz"),
    "class of no Mac": at(("class",), "noarch-macos15"),
    "class of Linux": at(("class",), "linux-64-macos15"),
    "class written in another way": at(("class",), "osx-arm64-macos14.0"),
    "digest in capitals": at(("digest",), "B" * 64),
    "row digest too long": at(("wheels", 0, "digest"), "b" * 64),
    "variant as list": at(("variant",), []),
    "packages as list": at(("variant", "packages"), []),
    "provides as list": at(("conda", 0, "provides"), []),
    "row as text": at(("conda", 0), "python"),
    "specs as text": at(("conda_specs",), "python"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_lock_is_an_error(name):
    """The message names the file and its fault; the schema and the reader agree."""
    data = json.loads(format_lock(LOCK))
    DAMAGED[name](data)
    with pytest.raises(LockFileError) as caught:
        parse_lock(json.dumps(data).encode(), "locks/x.json")
    assert re.match(r"locks/x\.json(:1:\d+)?: this ", caught.value.message)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
    assert "torchard lock" in caught.value.instead
    assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "x.json:1:1: this is not a lock file of Torchard: it is not JSON (input data was"),
        (TEXT[:-40], "x.json:17:"),
        (b"[]", "expected `object`, got `array`"),
        (b"null", "expected `object`, got `null`"),
        (b'"lock"', "expected `object`, got `str`"),
        (
            b"<<<<<<< HEAD\n" + TEXT,
            "x.json:1:1: this is not a lock file of Torchard: it is not JSON",
        ),
        (b"[" * 100_000, "expected `object`, got `array`"),
        (b'{"format": ' * 100_000, "nested too deeply"),
        (b'{"more": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"format": ' + b"[" * 50 + b"]" * 50 + b"}", "format [[[["),
        (b'{"format": "\xff"}', "invalid UTF-8"),
        (TEXT.replace(b"torch", b"\xff"), "invalid UTF-8"),
        (TEXT.decode().encode("utf-16"), "x.json:1:1: this is not a lock file of Torchard"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_content_that_is_not_a_json_object_is_an_error(text, said):
    """Truncated, empty, binary or endlessly nested: one sentence each."""
    with pytest.raises(LockFileError) as caught:
        parse_lock(text, "x.json")
    assert said in caught.value.message
    assert caught.value.instead == "Restore it, or remove it and run `torchard lock`." or (
        said == "format [[[["
    )


@pytest.mark.parametrize("number", ["0", "1", "7", '"2"', "null"])
def test_another_format_says_how_to_lock_again(number):
    """Whatever else is in an older or newer file, only its format counts."""
    with pytest.raises(LockFileError) as caught:
        parse_lock(f'{{"format": {number}, "rows": []}}'.encode(), "x.json")
    assert caught.value.message == (
        f"x.json: this lock file has format {number}. This version of Torchard reads format 2."
    )
    assert caught.value.instead == "Lock again: run `torchard lock --upgrade`."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "x"}, 'conda[1].sha256: "x" is not a sha256'),
        ({"version": "\x1b"}, 'conda[1].version: "\\u001b" is not a version'),
        ({"size": True}, "conda[1].size: expected `int`, got `bool`"),
        ({"subdir": "linux-64"}, "conda[1].subdir: invalid enum value 'linux-64'"),
        ({"provides": {"A_b": "1"}}, "conda[1].provides: one of its keys is not a distribution"),
        ({"provides": {"a": ""}}, "conda[1].provides: one of its values is not a version"),
        ({"more": 1}, "conda[1]: object contains unknown field `more`"),
    ],
)
def test_fault_of_a_package_has_its_place(change, said):
    """The message has the line and column of the value, and says what is wrong with it."""
    data = json.loads(format_lock(LOCK))
    row = copy.deepcopy(data["conda"][0]) | {"name": "tk"}
    text = format_lock(LOCK).replace("\n  ],", f",\n    {json.dumps(row | change)}\n  ],", 1)
    with pytest.raises(LockFileError) as caught:
        parse_lock(text.encode(), "x.json")
    message = caught.value.message
    assert message.startswith("x.json:13:")
    assert f": this is not a lock file of Torchard: {said}" in message
    column = int(message.split(":")[2])
    value = json.dumps(next(iter(change.values())))
    assert text.splitlines()[12][column - 1 :].startswith("{" if "more" in change else value)


def test_unreadable_lock_file_is_an_error(tmp_path):
    """A file that cannot be opened is an error of that file, not a traceback."""
    with pytest.raises(LockFileError, match="cannot be read: Is a directory"):
        read_lock(tmp_path)
    path = tmp_path / "x.json"
    path.write_bytes(TEXT)
    assert read_lock(path).digest == LOCK.digest


def test_file_that_is_too_large_is_not_read_to_its_end(tmp_path):
    """A lock file has an upper bound: Torchard reads one byte more than that."""
    path = tmp_path / "x.json"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(LockFileError, match="has more than 4 MiB"):
        read_lock(path)

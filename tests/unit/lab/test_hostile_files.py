"""Whatever stands in a file, to read it neither crashes, hangs, fills the memory nor runs it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import hostile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from torchard.lab.load import LabError, load
from torchard.lab.problem import MAX_PROBLEMS, quote
from torchard.lock.codec import parse_lock
from torchard.lock.lockfile import LockFileError
from torchard.resources import find_resource

LABS = sorted((Path(__file__).parents[2] / "labs").rglob("*.yaml"))
LOCK = json.loads(find_resource("schemas/lock.schema.json").read_text(encoding="utf-8"))[
    "examples"
][0]


def load_or_faults(path, content, **more):
    """Load a lab; whatever is none must be faults that can be shown."""
    path.write_bytes(content)
    try:
        load(path, **more)
    except LabError as error:
        found = error
    else:
        return
    assert str(found).replace("\n", "").isprintable()
    assert found.problems


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What is said of each hostile file, and what it took to read it."""
    where = tmp_path_factory.mktemp("hostile")
    done = subprocess.run(
        [sys.executable, hostile.__file__, str(where)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not (where / "made").exists()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_no_file_of_a_mebibyte_takes_more_than_200_mib_and_a_bounded_work(answers):
    """Bombs, depth, length, odd bytes, very many things: each is read or rejected in bounds.

    The work is counted in function calls, so that the result is the same on every machine.
    """
    kinds = (hostile.LABS, hostile.SETTINGS, hostile.LOCKS, hostile.PLANS)
    assert len(answers) == sum(map(len, kinds))
    assert [one for one in answers if "crash" in one] == []
    long = [one for one in answers if one["calls"] > hostile.CALLS]
    large = [one for one in answers if one["mib"] > hostile.MEBIBYTES]
    assert (long, large) == ([], [])


def test_what_is_wrong_with_a_file_is_told_on_some_screens(answers):
    """A file with a hundred thousand faults is told of the first hundred, in printable lines."""
    for one in answers:
        assert len(one["said"]) < 100_000, one["file"]
        assert one["said"].replace("\n", "").isprintable(), one["file"]
    (many,) = [one["said"] for one in answers if one["file"] == "lab: misspelt keys"]
    assert many.count("has no key") == MAX_PROBLEMS
    assert many.endswith("\nThere are more than 100 problems: correct these to see the rest.")


def test_as_much_as_a_lab_may_hold_is_a_lab(answers):
    """Bounds are far from what a large lab needs: ten thousand Macs are read."""
    said = {one["file"]: one["said"] for one in answers}
    assert said["lab: as many Macs as there may be"] == ""
    assert said["lab: environments"] == ""
    assert "more than 20000 keys and values" in said["lab: Macs"]


def changed(chance: random.Random, content: bytes) -> bytes:
    """Change a few bytes, drop or repeat a part, or put a part of another lab into it."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        begin = chance.randrange(len(data) + 1)
        end = min(len(data), begin + chance.randint(1, 12))
        data[begin:end] = chance.choice((
            bytes([chance.randrange(256)]),
            chance.choice((b"&a ", b"*a", b"!!str ", b"<<: ", b"\t", b"\0", b"- ", b"? ", b"{")),
            b"",
            data[begin:end] * chance.randint(2, 40),
            chance.choice(LABS).read_bytes()[:60],
        ))  # fmt: skip
    return bytes(data)


def test_labs_with_a_few_bytes_changed_are_labs_or_faults(tmp_path):
    """Near to what people write, where a reader goes deepest, nothing crashes it either."""
    chance = random.Random(20261126)  # noqa: S311  # the same labs each time
    for path in LABS:
        for _ in range(3):
            load_or_faults(tmp_path / "lab.yaml", changed(chance, path.read_bytes()))


WORDS = st.sampled_from([
    "macs", "m", "groups", "g", "environments", "e", "python", "conda", "pip", "pytorch", "with",
    "ssh", "port", "user", "miniconda", "installer", "url", "mirrors", "channels", "a", "0",
])  # fmt: skip
WAYS = st.sampled_from([
    "{}", "'{}'", '"{}"', "&a {}", "*{}", "!!int {}", "!<{}> x", "? {}", "[{}]", "{{{}: 1}}",
    "|\n {}", "{}: {}", "- {}", "#{}", "%{}", "\ufeff{}", "<<: {}", "{}:", "{} # {}",
])  # fmt: skip
BITS = st.builds(lambda way, word: way.format(word, word), WAYS, WORDS | st.text(max_size=4))
LINES = st.lists(st.tuples(st.integers(0, 6), BITS, st.sampled_from(["\n", "\r\n", " ", "\r"])))


@settings(max_examples=examples(150), deadline=None)
@given(lines=LINES)
def test_any_lines_of_yamls_own_forms_are_a_lab_or_faults(tmp_path_factory, lines):
    """Anchors, tags, blocks, odd keys and odd indentation, in any order."""
    text = "".join(f"{' ' * depth}{bit}{end}" for depth, bit, end in lines)
    path = tmp_path_factory.getbasetemp() / "lines.yaml"
    load_or_faults(path, text.encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.binary(max_size=3) | st.complex_numbers() | st.just(...),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
    | st.tuples(inner) | st.dictionaries(st.integers() | st.none(), st.none(), max_size=2)
    | st.sets(st.integers(), max_size=2),
    max_leaves=6,
)  # fmt: skip
SETTINGS = st.dictionaries(
    st.sampled_from(["ssh", "miniconda", "channels", "mirrors", "environments", "accept_license"]),
    VALUES | st.dictionaries(st.sampled_from(["user", "port", "prefix", "conda", "url"]), VALUES),
    max_size=3,
)


@settings(max_examples=examples(100), deadline=None)
@given(data=SETTINGS, rest=st.text(max_size=20))
def test_any_value_of_group_data_is_a_setting_or_a_fault(tmp_path_factory, data, rest):
    """What Python can write down and a lab file could not is refused with a sentence."""
    base = tmp_path_factory.getbasetemp()
    text = "".join(f"{key} = {value!r}\n" for key, value in data.items()) + f"# {rest}"
    (base / "all.py").write_bytes(text.encode("utf-8", "surrogatepass"))
    load_or_faults(base / "ok.yaml", b"macs: {m: }\n", defaults=base / "all.py")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=examples(100), deadline=None)
@given(
    key=st.sampled_from(list(LOCK)), value=JSON, inside=st.booleans(), raw=st.binary(max_size=40)
)
def test_anything_in_a_lock_is_a_lock_or_a_fault(key, value, inside, raw):
    """Any value in any place of a lock, and any bytes, are refused with a sentence or read."""
    data = json.loads(json.dumps(LOCK))
    if inside and isinstance(data[key], list) and data[key] and isinstance(data[key][0], dict):
        row = data[key][0]
        row[random.Random(repr(value)).choice(list(row))] = value  # noqa: S311
    else:
        data[key] = value
    for content in (json.dumps(data).encode(), raw):
        with suppress(LockFileError):
            assert parse_lock(content, "torch.json").conda


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('https://me:p"ss@host/x', '"https://…@host/x"'),
        ("me:pass@192.0.2.1", '"me:…@192.0.2.1"'),
        ("https://host/x?token=abc", '"https://host/x?…"'),
        ("git@host", '"git@host"'),
    ],
)
def test_a_value_that_is_refused_is_shown_without_its_secret(value, said):
    """A login, however it is written, and what stands behind a URL's path are left out."""
    assert quote(value) == said

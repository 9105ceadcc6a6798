"""No content of a file crashes its reader, hangs it, fills the memory or runs as code."""

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
from profiles import NIGHTLY, examples

from torchard.lab.load import LabError, load_lab
from torchard.lab.problem import MAX_PROBLEMS, quote
from torchard.lock.codec import parse_lock
from torchard.lock.lockfile import LockFileError
from torchard.resources import find_resource

LABS = sorted((Path(__file__).parents[2] / "labs").rglob("*.yaml"))
LOCK = json.loads(find_resource("schemas/lock.schema.json").read_text(encoding="utf-8"))[
    "examples"
][0]


def load_or_faults(path, content, **more):
    """Load a lab, or check that its problems can be printed."""
    path.write_bytes(content)
    try:
        load_lab(path, **more)
    except LabError as error:
        found = error
    else:
        return
    assert str(found).replace("\n", "").isprintable()
    assert found.problems


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each hostile file gives, and the resources that it took to read."""
    where = tmp_path_factory.mktemp("hostile")
    whole = ["whole"] if settings.get_current_profile_name() == NIGHTLY else []
    done = subprocess.run(
        [sys.executable, hostile.__file__, str(where), *whole],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not (where / "made").exists()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_no_file_of_a_mebibyte_takes_more_than_200_mib_and_a_bounded_work(answers):
    """Bombs, depth, length, odd bytes, very many things: each is read or rejected in bounds.

    The work is counted in function calls, so that the result is the same on every machine. Of a
    costly file, two parts are read: twice the size takes at most twice the calls.
    """
    kinds = {"lab": hostile.LABS, "settings": hostile.SETTINGS, "lock": hostile.LOCKS}
    kinds["plan"] = hostile.PLANS
    found = {(one["file"], one["part"]): one for one in answers}
    assert {file for file, _ in found} == {f"{kind}: {n}" for kind in kinds for n in kinds[kind]}
    assert [one for one in answers if "crash" in one] == []
    long = [one for one in answers if one["calls"] * one["part"] > hostile.CALLS]
    bare = min(one["mib"] for one in answers)
    large = [one for one in answers if bare + (one["mib"] - bare) * one["part"] > hostile.MEBIBYTES]
    assert (long, large) == ([], [])
    for file in hostile.COSTLY:
        first, second = (found[file, part]["calls"] for part in hostile.PARTS)
        assert second <= 2.05 * first, (file, first, second)


def test_only_the_first_hundred_problems_are_printed(answers):
    """A file with a hundred thousand problems gets one hundred, in printable lines."""
    for one in answers:
        assert len(one["said"]) < 100_000, one["file"]
        assert one["said"].replace("\n", "").isprintable(), one["file"]
    (many,) = [one["said"] for one in answers if one["file"] == "lab: misspelt keys"]
    assert many.count("has no key") == MAX_PROBLEMS
    assert many.endswith("\nThere are more than 100 problems: correct these to see the rest.")


def test_the_largest_lab_loads(answers):
    """The limits are far above a large lab: ten thousand Macs load."""
    said = {one["file"]: one["said"] for one in answers}
    assert said["lab: as many Macs as there may be"] == ""
    assert said["lab: environments"] == ""
    assert "more than 20000 keys and values" in said["lab: Macs"]


def changed(chance: random.Random, content: bytes) -> bytes:
    """Change a few bytes, remove or repeat a part, or insert a part of another lab."""
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


def test_labs_with_a_few_bytes_changed_do_not_crash_the_reader(tmp_path):
    """Almost valid files reach the deepest code of the reader."""
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
def test_any_lines_of_yaml_do_not_crash_the_reader(tmp_path_factory, lines):
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
def test_any_value_of_group_data_is_a_setting_or_a_problem(tmp_path_factory, data, rest):
    """A Python value that a lab file cannot have is rejected with a sentence."""
    base = tmp_path_factory.getbasetemp()
    text = "".join(f"{key} = {value!r}\n" for key, value in data.items()) + f"# {rest}"
    (base / "all.py").write_bytes(text.encode("utf-8", "surrogatepass"))
    load_or_faults(base / "ok.yaml", b"macs: {m: }\n", group_data=base / "all.py")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=examples(100), deadline=None)
@given(
    key=st.sampled_from(list(LOCK)), value=JSON, inside=st.booleans(), raw=st.binary(max_size=40)
)
def test_any_lock_file_is_a_lock_or_an_error(key, value, inside, raw):
    """Any value in any field of a lock, and any bytes, are read or rejected with a sentence."""
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
def test_a_rejected_value_is_printed_without_its_secret(value, said):
    """Logins and what follows the path of a URL are removed."""
    assert quote(value) == said

"""Lock files: the same lock always gives the same bytes, and only a whole lock is read."""

from __future__ import annotations

import copy
import json
import re
import sys
from dataclasses import replace

import pytest
from example_lock import EINOPS, LOCK, python
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from profiles import examples

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.json_schema import make_schema
from torchard.lock import codec, file_format
from torchard.lock.codec import format_lock, parse_lock, read_lock
from torchard.lock.lockfile import CondaPackage, Lock, LockFileError, Wheel, lock_path
from torchard.resources import find_resource

SCHEMA = json.loads(find_resource("schemas/lock.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
steady = settings(deadline=None, max_examples=examples(60), derandomize=True)

hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
conda_names = st.from_regex(r"[a-z0-9_][a-z0-9._-]{0,8}", fullmatch=True)
distributions = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
versions = st.from_regex(r"[0-9](![0-9])?(\.[0-9a-z_+]{1,3}){0,3}", fullmatch=True)
channels = st.sampled_from(
    ["conda-forge", "conda-forge/label/rc", "https://mirror.example/a", "file:///srv/b"]
)
sizes = st.integers(0, 1 << 40)
texts = st.lists(st.sampled_from(["numpy<2", "é — ünï", 'say "hi"', "pandas >=2"])).map(tuple)
wheels = st.builds(
    lambda name, version, *rest: Wheel(
        name, version, f"{name.replace('-', '_')}-{version}-py3-none-any.whl", *rest
    ),
    distributions,
    st.from_regex(r"[0-9](\.[0-9]{1,3}){0,2}", fullmatch=True),
    hashes,
    sizes,
)
variants = st.builds(
    Variant,
    source=st.sampled_from(["wheels", "conda-forge", "pytorch-channel"]),
    packages=st.dictionaries(conda_names, st.none() | versions, max_size=3),
    python=st.just("3.12"),
    mps_expected=st.booleans(),
    reason=st.just(""),
    constraints=texts,
)


@st.composite
def locks(draw):
    """Return any lock that Torchard can write."""
    subdir = draw(st.sampled_from(["osx-arm64", "osx-64"]))
    names = draw(st.lists(conda_names.filter("python".__ne__), unique=True, max_size=4))
    conda = [
        CondaPackage(
            name,
            version := f"3.12.{draw(versions)}",
            build := draw(versions),
            draw(channels),
            draw(st.sampled_from([subdir, "noarch"])),
            f"{name}-{version}-{build}{draw(st.sampled_from(['.conda', '.tar.bz2']))}",
            draw(hashes),
            draw(sizes),
            tuple(sorted(draw(st.dictionaries(distributions, versions, max_size=2)).items())),
        )
        for name in ["python", *names]
    ]
    provided = {name for one in conda for name, _ in one.provides}
    return Lock(
        environment=draw(st.sampled_from(["torch", "a.b-c_1"])),
        mac_class=MacClass(subdir, draw(st.sampled_from(["14.0", "12.3"]))),
        inputs=draw(hashes),
        python="3.12",
        variant=draw(st.none() | variants),
        conda_specs=draw(texts),
        pip_specs=draw(texts),
        channels=tuple(dict.fromkeys(one.channel for one in conda)),
        conda=tuple(conda),
        wheels=tuple(
            draw(
                st.lists(
                    wheels.filter(lambda one: one.name not in provided),
                    unique_by=lambda one: one.name,
                    max_size=4,
                )
            )
        ),
    )


@steady
@given(locks())
def test_every_lock_comes_back_as_it_was_written(lock):
    """The text of a lock gives the same lock, fits the schema, and is the same a second time."""
    text = format_lock(lock)
    again = parse_lock(text.encode(), "x.json")
    assert again == lock
    assert again.digest == lock.digest
    assert format_lock(again) == text
    VALIDATOR.validate(json.loads(text))


def test_lock_is_read_by_people_package_by_package():
    """Each package is one line, so that a diff of two locks is a list of packages."""
    other = Lock(**{**vars(LOCK), "wheels": (Wheel(**{**vars(EINOPS), "size": 6}),)})
    lines, others = format_lock(LOCK).splitlines(), format_lock(other).splitlines()
    assert len(lines) == len(others)
    differing = [one for one, two in zip(lines, others, strict=True) if one != two]
    assert len(differing) == 2
    assert '"einops"' in differing[0]
    assert differing[1].startswith('  "digest"')
    assert format_lock(LOCK).endswith("}\n")


def test_size_counts_conda_packages_and_wheels():
    """The size of a lock is that of all its artefacts."""
    assert LOCK.size == 15


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": "other"},
        {"mac_class": MacClass("osx-arm64", "15.0")},
        {"conda_specs": ("python 3.12.*",)},
        {"channels": ("conda-forge", "bioconda")},
        {"conda": (python(sha256="d" * 64),)},
        {"wheels": ()},
        {"variant": None},
        {"variant": Variant("wheels", {"torch": "2.14.1"}, "3.12", mps_expected=False, reason="")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_digest_changes_with_what_a_mac_gets_or_must_verify(changes):
    """Another package, spec, class or expectation is another generation."""
    assert Lock(**{**vars(LOCK), **changes}).digest != LOCK.digest


def test_digest_leaves_out_what_needs_no_new_build():
    """The reason for a variant and the digest of the question can change: the build is the same."""
    other = Variant(**{**vars(LOCK.variant), "reason": "for another reason", "notes": ()})
    same = Lock(**{**vars(LOCK), "variant": other, "inputs": "f" * 64, "pip_specs": ()})
    assert same.digest == LOCK.digest


def test_lock_file_is_beside_its_lab(tmp_path):
    """Its path has the lab file's name, the environment and the Mac class."""
    path = lock_path(tmp_path / "studio.yaml", "torch", LOCK.mac_class)
    assert path == tmp_path / "locks" / "studio" / "torch.osx-arm64-macos14.json"


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


def test_committed_schema_is_that_of_the_types(schema_file):
    """`pytest tests/unit/lock --renew` writes schemas/lock.schema.json from the types."""
    schema_file("lock", make_schema(file_format.Lock, "lock", [file_format.EXAMPLE]))


def test_every_part_of_the_schema_is_explained():
    """Editors show a title and a description for each part, and examples that fit it."""
    VALIDATOR.check_schema(SCHEMA)
    for name, said in [("the lock", SCHEMA), *SCHEMA["$defs"].items()]:
        assert said["title"], name
        assert said["description"], name
        for example in said.get("examples", ()):
            Draft202012Validator({"$defs": SCHEMA["$defs"], **said}).validate(example)
        for key, part in said.get("properties", {}).items():
            assert "$ref" in part or {"title", "description"} <= part.keys(), f"{name}.{key}"
    for example in SCHEMA["examples"]:
        lock = codec._lock(codec._decode(json.dumps(example).encode(), file_format.Lock))
        assert json.loads(format_lock(lock)) == example


def test_work_for_a_large_lock_is_bounded():
    """Reading a lock of 120 packages makes some calls for each: a large lab has fifty such."""
    packages = [
        python(name=f"p{number}", file=f"p{number}-3.12.13-h1_0_cpython.conda")
        for number in range(80)
    ]
    wheels = [
        replace(EINOPS, name=f"w{number}", file=f"w{number}-0.8.2-py3-none-any.whl")
        for number in range(40)
    ]
    large = Lock(**{**vars(LOCK), "conda": (python(), *packages), "wheels": tuple(wheels)})
    content = format_lock(large).encode()
    calls = []
    sys.setprofile(lambda _frame, event, _argument: calls.append(event))
    try:
        parse_lock(content, "x.json")
    finally:
        sys.setprofile(None)
    assert len(calls) < 120 * 250

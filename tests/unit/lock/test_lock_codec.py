"""Lock files: the same lock always gives the same bytes, and only a whole lock is read."""

from __future__ import annotations

import json
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
from torchard.lock.codec import format_lock, parse_lock
from torchard.lock.file_example import EXAMPLE
from torchard.lock.lockfile import CondaPackage, Lock, Wheel, lock_path
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


def test_committed_schema_is_that_of_the_types(schema_file):
    """`pytest tests/unit/lock --renew` writes schemas/lock.schema.json from the types."""
    schema_file("lock", make_schema(file_format.Lock, "lock", [EXAMPLE]))


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

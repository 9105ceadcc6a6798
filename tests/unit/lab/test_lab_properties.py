"""Every text, however odd, is a lab or a list of its problems."""

from __future__ import annotations

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from torchard.lab.load import LabError, load_lab
from torchard.lab.model import Lab
from torchard.lab.yaml_source import parse_yaml

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["torch", "-x", "3.10", "local", "defaults", "conda-forge", "192.0.2.1", "::"]),
)
KEYS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(
        [
            *("environments", "groups", "macs", "torch", "studio", "python", "pytorch", "conda"),
            *("pip", "ssh", "port", "user", "address", "connection", "miniconda", "installer"),
            *("url", "sha256", "mirrors", "channels", "with", "release", "shell"),
        ]
    ),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
LABS = st.fixed_dictionaries(
    {
        "environments": st.dictionaries(KEYS, TREES, max_size=2) | TREES,
        "groups": st.dictionaries(KEYS, TREES, max_size=2) | TREES,
        "macs": st.dictionaries(KEYS, TREES, max_size=3) | TREES,
    }
)
# Each example writes a file: one directory is enough for all.
FRUGAL = settings(max_examples=examples(60), deadline=None)


def lab_or_faults(tmp_path_factory, content, overrides=None):
    """Load a content, or check that the error is a LabError with problems."""
    path = tmp_path_factory.getbasetemp() / "lab.yaml"
    path.write_bytes(content)
    try:
        found = load_lab(path, overrides)
    except LabError as error:
        found = error
    if isinstance(found, LabError):
        assert found.problems
        assert str(found).replace("\n", "").isprintable()
    else:
        assert isinstance(found, Lab)


@FRUGAL
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
def test_any_bytes_are_a_lab_or_problems(tmp_path_factory, content):
    """No bytes crash the reader."""
    lab_or_faults(tmp_path_factory, content)


@FRUGAL
@given(text=st.text(alphabet="abc:-[]{},&*!|>'\"#%@` \n\t?<=~0.", max_size=60))
def test_any_text_of_yaml_characters_is_a_lab_or_problems(tmp_path_factory, text):
    """No mixture of YAML's special characters crashes the reader."""
    lab_or_faults(tmp_path_factory, text.encode())


@FRUGAL
@given(lab=LABS)
def test_any_tree_is_a_lab_or_problems(tmp_path_factory, lab):
    """No shape of well-formed data crashes a check."""
    lab_or_faults(tmp_path_factory, json.dumps(lab).encode())


@FRUGAL
@given(overrides=st.dictionaries(KEYS, TREES, max_size=3))
def test_any_overrides_give_a_lab_or_problems(tmp_path_factory, overrides):
    """No text after --data crashes a check."""
    lab_or_faults(tmp_path_factory, b"macs:\n  m:\n", overrides)


@FRUGAL
@given(text=st.text(alphabet="abc:-[]{},&*!|>'\"# \n?<=~0.", max_size=40))
def test_both_parsers_read_the_same_data(text):
    """If libyaml and the pure parser both accept a text, they read the same data."""
    fast = parse_yaml(text.encode(), "lab.yaml", yaml.CSafeLoader)
    pure = parse_yaml(text.encode(), "lab.yaml", yaml.SafeLoader)
    if fast.readable and pure.readable:
        assert fast.data == pure.data


@FRUGAL
@given(word=st.text(min_size=1, max_size=12))
def test_no_name_of_a_mac_becomes_an_option_or_a_pyinfra_variable(tmp_path_factory, word):
    """A Mac's name begins with a letter or digit and has no character that a shell interprets."""
    path = tmp_path_factory.getbasetemp() / "name.yaml"
    path.write_text(json.dumps({"macs": {word: {"address": "192.0.2.1"}}}))
    try:
        names = load_lab(path).macs
    except LabError:
        return
    for name in names:
        assert name[0].isalnum()
        assert name.isascii()
        assert set(name) <= set("._-") | {one for one in name if one.isalnum()}

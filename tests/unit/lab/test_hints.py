"""What Torchard suggests for a value that people often write. tests/labs/bad has the usual ones."""

from __future__ import annotations

import pytest

from torchard.lab.hints import suggest_for_address, suggest_for_key, suggest_for_type


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ada@studio-01", "Write address: studio-01, and ssh: {user: ada}."),
        ("[2001:db8::1]:22", "Write address: 2001:db8::1, and ssh: {port: 22}."),
        ("ssh://ada@studio-01:22/", "Write address: studio-01, and ssh: {user: ada, port: 22}."),
        ("ada:secret@studio-01", None),
        ("-ada@studio-01", None),
        ("ada@-studio", None),
        ("studio-01", None),
        ("studio 01:22", None),
    ],
)
def test_a_user_and_a_port_belong_under_ssh(text, says):
    """Nothing is suggested that the schema would reject, and no password is repeated."""
    assert suggest_for_address(text) == says


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("macs",), [], "Write each name with a colon, and no dash: studio-01: {address: "),
        (("macs",), [{"host": "-x"}], "Write each name with a colon, and no dash: studio-01: {"),
        (("environments",), ["jax"], 'Write each name with a colon, and no dash: jax: {python: "'),
        (("groups",), [{"name": "lab"}], "Write each name with a colon, and no dash: lab: {env"),
        (("environments", "torch"), "3.12", 'Write {python: "3.12"}.'),
        (("environments", "torch", "pytorch"), "mps", "Write pytorch: {backend: mps}."),
        (("environments", "torch", "pytorch"), "wheels", "Write pytorch: {source: wheels}."),
        (("macs", "a"), "ada@b", "Write address: b, and ssh: {user: ada}."),
        (("groups", "a"), "shell:zsh", "Write a space after the colon: shell: zsh."),
        (("environments", "a"), "pip:x", "Write a space after the colon: pip: x."),
    ],
)
def test_a_mapping_is_suggested_with_the_words_that_were_written(path, value, says):
    """A person corrects the line by what the message says."""
    assert suggest_for_type(path, "object", value, None).startswith(says)


@pytest.mark.parametrize(
    ("path", "wanted", "value"),
    [
        (("environments", "torch", "pytorch"), "object", "yes"),
        (("environments", "torch"), "object", "x"),
        (("macs", "a"), "object", "b c"),
        (("macs", "a"), "object", "adress:b"),
        (("macs",), "object", "a"),
        (("groups", "a"), "object", None),
        (("macs", "a", "groups"), "array", "studio"),
        (("prune",), "boolean", "perhaps"),
    ],
)
def test_nothing_is_suggested_for_what_is_not_understood(path, wanted, value):
    """The message of the schema is enough there."""
    assert suggest_for_type(path, wanted, value, None) is None


def test_a_key_with_its_value_in_it_lacks_a_space():
    """Only if the part before the colon is a key."""
    assert suggest_for_key("arch:arm64", ["arch"]) == "Write a space after the colon: arch: arm64."
    assert suggest_for_key("arc:arm64", ["arch"]) is None

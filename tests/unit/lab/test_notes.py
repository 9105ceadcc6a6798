"""What `torchard check` says of a lab that has no error, and still lacks something."""

from __future__ import annotations

import pytest

from torchard.lab.load import load_lab
from torchard.lab.notes import find_notes

WHOLE = """\
accept_license: true
environments:
  torch: {python: "3.12"}
macs:
  studio-01: {address: studio-01.local, environments: [torch]}
  here: {connection: local, environments: [torch]}
"""


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """A function that returns the notes of a text that was loaded as a lab."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "lab.yaml"

    def find(text):
        path.write_text(text, encoding="utf-8")
        return [str(one).replace(f"{tmp_path}/", "") for one in find_notes(load_lab(path))]

    return find


def test_a_whole_lab_has_no_notes(notes):
    """Nothing is left to fill in."""
    assert notes(WHOLE) == []


def test_a_mac_without_environments_gets_only_miniconda(notes):
    """It is easily forgotten, so the note names an environment of this lab."""
    assert notes(WHOLE.replace(".local, environments: [torch]", ".local")) == [
        (
            "lab.yaml:5:3: studio-01 has no environment, only Miniconda\n"
            "  Write environments: [torch] there, or under defaults for all Macs."
        )
    ]


@pytest.mark.parametrize("address", ["192.0.2.11", "203.0.113.9", '"2001:db8::1"'])
def test_an_address_of_an_example_is_still_to_be_filled_in(notes, address):
    """RFC 5737 and RFC 3849 keep these for documentation, as `torchard init` writes them."""
    (note,) = notes(WHOLE.replace("studio-01.local", address))
    assert note.startswith("lab.yaml:5:3: studio-01 has an address that no computer has")


def test_a_lab_without_consent_gets_no_miniconda(notes):
    """The plan would block a new Mac. One with Miniforge or an own installer has no such terms."""
    text = WHOLE.replace("accept_license: true\n", "")
    assert notes(text) == [
        (
            "lab.yaml:4:3: studio-01, here have no consent to the terms of Miniconda's installer\n"
            "  If a Mac has no Miniconda yet, write accept_license: true or"
            " miniconda: {distribution: miniforge} there, or under defaults for all Macs."
        )
    ]
    assert notes(f"{text}defaults: {{miniconda: {{distribution: miniforge}}}}\n") == []
    own = f"{{url: https://lab/x.sh, sha256: '{'0' * 64}'}}"
    assert notes(f"{text}defaults: {{miniconda: {{installer: {own}}}}}\n") == []


def test_a_missing_key_comes_with_the_command_that_makes_it(notes, tmp_path):
    """A public key alone is enough, because an agent may have the other half."""
    more = "".join(f"  {name}: {{environments: [torch]}}\n" for name in "bc")
    text = f"{WHOLE}{more}defaults: {{ssh: {{key: ~/lab}}}}\n"
    assert notes(text) == [
        (
            "lab.yaml:5:3: studio-01, here, b and 1 more have an ssh.key that is not on this"
            " computer, ~/lab\n  Correct the path, or type: ssh-keygen -t ed25519 -f lab"
        )
    ]
    (tmp_path / "lab.pub").touch()
    assert notes(text) == []

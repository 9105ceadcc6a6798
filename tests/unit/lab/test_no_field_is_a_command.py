"""No text of a lab file has a meaning to a shell: the schema rejects it."""

from __future__ import annotations

import json
import shlex

import evil
import pytest
from fields import ITEM, KEY, filled, places

from torchard.lab.load import LabError, load_text

PLACES = sorted(places())
# Requirements and match specs contain `<`, `>` and `*`. They get to a Mac in a file that programs
# read, and to uv and the solver as arguments, but never to a shell.
SPECS = (("conda", ITEM), ("pip", ITEM))
NEVER = set("$`\\&|#{}\n\r\0\x1b\u202e\ud800")
# Paths of this computer can contain a space or a foreign letter: pyinfra opens them, and messages
# have commands with them, quoted.
PATHS = ("key", "known_hosts", "config")


def loaded(tmp_path, place, text):
    """Load a lab with a text in one field; return it, or None if it is rejected."""
    try:
        return load_text(tmp_path / "lab.yaml", json.dumps(filled(place, text)).encode())
    except LabError:
        return None


def test_the_walk_finds_the_known_fields():
    """It finds keys, items and values of every level."""
    assert set(PLACES) > {
        ("macs", KEY),
        ("macs", "studio-01", "address"),
        ("macs", "studio-01", "ssh", "key"),
        ("groups", "studio", "channels", ITEM),
        ("groups", "studio", "mirrors", "conda", KEY),
        ("groups", "studio", "miniconda", "installer", "url"),
        ("environments", "torch", "pip", ITEM),
        ("environments", "torch", "pytorch", "with", ITEM),
    }
    assert len(PLACES) > 40


@pytest.mark.parametrize("place", PLACES, ids="/".join)
def test_no_field_accepts_a_text_that_a_shell_interprets(tmp_path, place):
    """Each field rejects such texts, and an accepted text is one plain word to a shell."""
    for text in evil.TEXTS:
        if loaded(tmp_path, place, text) is None:
            continue
        if place[-2:] in SPECS:
            assert not NEVER & set(text), text
            assert text[0].isalnum() or text[0] == "_"
        elif place[-1] in PATHS:
            assert not (NEVER | set("'\"();<>*?[]!")) & set(text), text
            assert text[0] not in "- "
            assert text[0] != "~" or text.startswith("~/")
        else:
            assert text == shlex.quote(text), text


@pytest.mark.parametrize("place", PLACES, ids="/".join)
def test_each_field_accepts_its_own_kind_of_text(tmp_path, place):
    """The labs of these tests are rejected only for the text: with a good one, they load."""
    good = {
        "address": "192.0.2.7", "macos": "15.1", "arch": "arm64", "connection": "ssh",
        "python": "3.12", "release": "2.6.0", "backend": "cpu", "source": "wheels",
        "with": "torchaudio", "distribution": "miniforge", "version": "25.7.0-2",
        "prefix": "~/conda", "url": "https://a/b.sh", "sha256": "1" * 64, "user": "ada",
        "key": "~/.ssh/lab", "known_hosts": "keys", "config": "config", "conda": "nodejs",
        "pip": "einops", "channels": "conda-forge", "environments": "torch", "groups": "studio",
        "wheels": "https://a", "nightly": "https://a", "installers": "https://a",
        "conda-forge": "https://a", "shell": "zsh", "packages": "pyg-lib",
        "OMP_NUM_THREADS": "8", "kernel": "PyTorch", "delivery": "pull",
        "fingerprint": f"SHA256:{'A' * 43}",
    }  # fmt: skip
    if place[-1] == KEY:
        text = {"macs": "studio-01", "groups": "studio", "environments": "torch"}.get(place[0], "")
        text = "defaults" if "mirrors" in place else text
        text = "pyg" if "indexes" in place else text
        text = "HF_HOME" if "variables" in place else text
    else:
        text = good[place[-2] if place[-1] == ITEM else place[-1]]
    # A fingerprint belongs to one Mac, so only a Mac has one.
    alone = place[0] != "macs" and place[-1] == "fingerprint"
    assert (loaded(tmp_path, place, text) is None) is alone

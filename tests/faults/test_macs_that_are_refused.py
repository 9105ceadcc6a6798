"""A plan reports what cannot or must not be: what was found, and what to write instead."""

from __future__ import annotations

import json
import re

import pytest
from faultlab import line_of, started, variant
from progress_events import without_events


def plan(torchard, lab_file, *more):
    """Return the exit code of a plan and all that was printed."""
    done = torchard("plan", lab_file, *more)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def lab(fresh, tmp_path):
    """Write the lab of untouched Macs with some texts replaced."""
    return lambda *changes: variant(fresh, tmp_path / "lab.yaml", *changes)


def test_a_macos_that_differs_is_worth_a_note_and_no_more(lab, torchard):
    """The Mac's own macOS decides."""
    lab_file = lab(('macos: "15.1"', 'macos: "13.6"'))
    code, printed = plan(torchard, lab_file)
    assert code == 2
    said = f"{line_of(lab_file, '  studio-01:')}3 says macOS 13.6, but it runs 15.1"
    assert f"note        {said}" in printed
    assert re.search(r"\+ torch +2\.15\.0 ", printed), printed


@pytest.mark.parametrize(
    ("change", "said", "instead"),
    [
        (
            ('python: "3.12"', 'python: "3.12"\n    conda: ["nodejs >99"]'),
            "nodejs >99",
            "Write `nodejs=24.9.0` in `conda:`",
        ),
        (('["einops"]', '["einops>99"]'), "einops>99", "Write `einops==0.8.2` in `pip:`"),
    ],
    ids=["conda", "wheels"],
)
def test_what_cannot_be_solved_is_refused_at_its_line(lab, torchard, change, said, instead):
    """The message names the Mac, the environment and the lab file's line, and what to write."""
    lab_file = lab(change)
    code, printed = plan(torchard, lab_file)
    assert code == 3
    assert f"blocked     torch: {line_of(lab_file, said)}" in printed
    assert "torch cannot be locked for macOS 15.1 on arm64" in printed
    assert instead in printed


def test_a_mac_whose_torch_needs_an_older_setuptools_is_not_refused(lab, torchard):
    """Conda brings its python's pip a setuptools that torch accepts, not the newest."""
    lab_file = lab(('macos: "15.1"', 'macos: "11.7"'))
    done = torchard("lock", lab_file)
    assert done.returncode == 0, done.stderr
    lock = json.loads((lab_file.parent / "locks/lab/torch.osx-arm64-macos11.json").read_text())
    versions = {one["name"]: one["version"] for one in (*lock["conda"], *lock["wheels"])}
    assert (versions["torch"], versions["setuptools"]) == ("2.11.0", "80.9.0")


def test_a_mac_that_asks_for_a_password_is_given_none(fresh, lab, torchard):
    """Words such as sudo's, from whatever runs on a Mac, ask the person here for nothing."""
    mac = fresh.macs["studio-01"]
    uname, text = mac.root / "bin/uname", (mac.root / "bin/uname").read_text()
    uname.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nkill -9 $PPID\n")
    with started("plan", lab()) as controller:
        printed, errors = controller.communicate(timeout=60)
    uname.write_text(text)
    assert controller.returncode == 3
    assert 'its answer was cut short: "sudo: a password is required' in printed
    assert not without_events(errors)


def test_a_plan_leaves_every_file_of_a_mac_that_would_change_as_it_is(settled, torchard):
    """On a Mac that has an environment, and is to have another, each byte stays."""
    code, _ = plan(torchard, settled.update, "--full")
    assert code == 2
    assert settled.lab.snapshot() == settled.before

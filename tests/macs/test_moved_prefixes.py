"""A prefix that is not where it was: Torchard moves none, and installs its own again.

A generation's own programs, and conda's, name the paths that they were made at.
"""

from __future__ import annotations

import re
import shutil

import on_a_mac
import pytest

from simlab import macs
from torchard.lab.model import MacHost
from torchard.mac import probe
from torchard.plan import steps
from torchard.plan.blockers import find_blockers
from torchard.plan.target import Target


@pytest.fixture(scope="module")
def installed(tmp_path_factory, simlab_depot):
    mac = on_a_mac.make(tmp_path_factory.mktemp("moved"))
    done = mac.install(simlab_depot)
    assert done.returncode == 0, done.stderr
    (mac.prefix / "envs").mkdir()
    yield mac
    mac.end()


@pytest.fixture
def mac(installed):
    """A Mac with a Miniconda whose environment `torch` is one of our generations."""
    generation = installed.torchard / "generations/torch-1"
    generation.mkdir()
    (installed.prefix / "envs/torch").symlink_to(generation)
    (installed.torchard / "prefix").write_text(f"{installed.prefix}\n")
    yield installed
    (installed.prefix / "envs/torch").unlink()
    generation.rmdir()


def state(mac, prefix="~/miniconda3"):
    """Return what the probe reads of a Mac whose lab names a prefix."""
    return probe.parse(macs.run(mac.root, probe.build_script(prefix)).stdout.splitlines())


def refusal(found):
    """Return why a plan would leave a Mac alone."""
    return "; ".join(find_blockers(Target(MacHost("studio-01"), found)))


def test_a_prefix_where_it_was_made_blocks_nothing(mac):
    """Nor is it where a link leads to it, by whatever name."""
    (mac.home / "by-link").symlink_to("miniconda3")
    try:
        for prefix in ("~/miniconda3", f"{mac.home}/miniconda3", "~/by-link"):
            found = state(mac, prefix)
            assert found.prefix_state == "whole"
            assert (found.prefix_made_for, found.other_prefix) == (None, None)
            assert refusal(found) == ""
    finally:
        (mac.home / "by-link").unlink()


def test_a_persons_prefix_that_was_moved_is_refused_with_where_it_was(mac):
    """Its conda would not start: not a byte of it is used, and the message says to put it back."""
    mark = mac.prefix / ".torchard.json"
    content = mark.read_text()
    mark.unlink()
    moved = mac.prefix.rename(mac.home / "conda")
    try:
        found = state(mac, "~/conda")
    finally:
        moved.rename(mac.prefix)
        mark.write_text(content)
    assert (found.prefix_state, found.prefix_made_for) == ("whole", str(mac.prefix))
    assert refusal(found) == (
        "the Miniconda at ~/conda was installed at ~/miniconda3, and conda does not work after a"
        " move; move it back there, or move it away, and Torchard installs a new one"
    )


@pytest.mark.parametrize("theirs", [False, True])
def test_a_prefix_of_ours_that_was_moved_is_installed_again_unless_it_holds_a_persons(mac, theirs):
    """It is set aside, with the links that it shows; what a person made in it would go along."""
    mine = mac.prefix / "envs/thesis/conda-meta/history"
    if theirs:
        mine.parent.mkdir(parents=True)
        mine.write_text("")
    moved = mac.prefix.rename(mac.home / "conda")
    try:
        found = state(mac, "~/conda")
    finally:
        moved.rename(mac.prefix)
        shutil.rmtree(mac.prefix / "envs/thesis", ignore_errors=True)
    assert (found.prefix_state, found.prefix_made_for) == ("whole", str(mac.prefix))
    step = steps.miniconda_step(found, on_a_mac.Installer("miniconda", "27.1", "f", "", "0" * 64))
    assert (step.action, step.reason) == (
        "repair",
        "it was installed at ~/miniconda3 and has moved; ~/conda is set aside and installed again",
    )
    assert refusal(found) == (
        (
            "the Miniconda at ~/conda was installed at ~/miniconda3 and has moved, so its conda"
            " does not run. Torchard will not replace it, because it has environments of a person"
            " (thesis); move it back there, or move it away (mv ~/conda ~/conda-old), and Torchard"
            " installs a new one"
        )
        if theirs
        else ""
    )


@pytest.mark.parametrize(
    ("first", "named"),
    [
        ("#!/Users/ada/miniconda3/bin/python", "/Users/ada/miniconda3"),
        ("#!/Users/ada/miniconda3/bin/python3.13 -I", "/Users/ada/miniconda3"),
        (
            '#!/bin/sh\n\'\'\'exec\' "/Users/a da/mini/bin/python" "$0" "$@"',
            "/Users/a da/mini",
        ),
        ("#!/usr/bin/env python", None),
        ("#!/bin/sh\nexec /usr/bin/true", None),
        ("\x7fELF\x00/x/bin/", None),
    ],
)
def test_the_path_that_conda_was_made_for_is_read_in_its_first_lines(mac, first, named):
    """As conda writes it, and as pip does for long paths; what says nothing raises no doubt."""
    program = mac.prefix / "bin/conda"
    text = program.read_text()
    program.write_text(f"{first}\n{text}")
    try:
        assert state(mac).prefix_made_for == named
    finally:
        program.write_text(text)


def test_another_prefix_than_the_one_that_shows_our_environments_is_refused(mac):
    """Its runs would sweep away generations that only the other one's links hold on to."""
    found = state(mac, "~/conda")
    assert (found.prefix_state, found.other_prefix) == ("absent", str(mac.prefix))
    assert refusal(found) == (
        "its environments belong to the Miniconda at ~/miniconda3, and the lab says ~/conda."
        " Torchard does not move them; write `miniconda: {prefix: ~/miniconda3}`, or first remove"
        " the links in ~/miniconda3/envs"
    )


@pytest.mark.parametrize("gone", ["the links", "the prefix"])
def test_a_prefix_that_shows_nothing_of_ours_any_more_is_in_nobodys_way(mac, gone):
    """Another one may then be installed wherever the lab says."""
    link = mac.prefix / "envs/torch"
    target = link.readlink()
    if gone == "the links":
        link.unlink()
        link.symlink_to(mac.home)
    else:
        mac.prefix.rename(mac.home / "away")
    try:
        assert refusal(state(mac, "~/conda")) == ""
    finally:
        if gone == "the prefix":
            (mac.home / "away").rename(mac.prefix)
        link.unlink()
        link.symlink_to(target)


def test_reading_where_a_prefix_was_made_leaves_no_error(mac):
    """A Mac without our directory, or without a conda, is read without a message."""
    for prefix in ("~/conda", "~/miniconda3"):
        done = macs.run(mac.root, probe.build_script(prefix))
        assert done.stderr == ""
    (mac.torchard / "prefix").unlink()
    done = macs.run(mac.root, probe.build_script("~/conda"))
    assert (done.stderr, re.findall("other_prefix.*", done.stdout)) == ("", [])

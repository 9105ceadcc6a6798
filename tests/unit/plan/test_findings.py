"""What `torchard doctor` finds on a Mac: the plan's own sentences, and a few more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, PREFIX, lock, mac, package, shown

from torchard.lab.model import MacHost
from torchard.mac.circumstances import Circumstances, build_script, parse
from torchard.mac.probe import ProbeError
from torchard.plan.findings import find_mac_findings
from torchard.plan.target import Target

MAC = MacHost("studio-01")
FINE = Circumstances(filevault=False, sleep=0, wakes=True, updates=0)


def find(circumstances=FINE, state=None, **changes):
    """Return the findings as (level, topic, text)."""
    target = Target(MAC, state or mac(), **changes)
    found = find_mac_findings(target, circumstances)
    return [(one.level, one.topic, one.text) for one in found]


def test_a_mac_without_trouble_has_no_finding():
    """Neither has one that never sleeps."""
    assert find() == []


def test_what_a_plan_blocks_and_warns_of_is_repeated():
    """Word for word: there is one place for each sentence."""
    state = shown(lock([package("python")]), failed=("2026-11-30", "broken"))
    found = find(state=state, blockers=("it is blocked",), warnings=("it is odd",),
                 locks={"torch": lock([package("python")])})  # fmt: skip
    assert found[:2] == [("problem", "blocked", "it is blocked"), ("warning", "note", "it is odd")]


@pytest.mark.parametrize(
    ("macos", "says"),
    [
        ("15.7", "does not answer over SSH"),
        ("26.0", "takes only a password"),
        ("26.1.2", "only a password"),
    ],
)
def test_filevault_locks_a_mac_in_two_ways(macos, says):
    """From macOS 26 on, the sshd of a locked Mac answers."""
    ((level, topic, text),) = find(Circumstances(filevault=True, sleep=0), mac(macos=macos))
    assert (level, topic) == ("warning", "filevault")
    assert says in text
    assert "`sudo fdesetup authrestart`" in text


@pytest.mark.parametrize(
    ("wakes", "says"), [(True, "the network may wake it"), (False, "does not wake it")]
)
def test_a_mac_that_sleeps_is_a_warning(wakes, says):
    """With the command that keeps it awake."""
    ((_, topic, text),) = find(Circumstances(filevault=False, sleep=10, wakes=wakes))
    assert topic == "sleep"
    assert "it sleeps after 10 minutes" in text
    assert says in text
    assert "`sudo pmset -a sleep 0 womp 1`" in text


def test_other_condas_and_updates_are_named():
    """Paths in the home are short."""
    found = find(replace(FINE, updates=1, condas=(f"{HOME}/anaconda3", "/opt/miniforge3")))
    assert [topic for _, topic, _ in found] == ["conda", "update"]
    assert "(~/anaconda3, /opt/miniforge3)" in found[0][2]
    assert "1 update," in found[1][2]


def test_what_a_mac_did_not_say_is_not_accepted_as_an_answer():
    """A Mac without these tools is not called fine."""
    assert find(Circumstances()) == [
        ("warning", "unread", "the Mac did not say how its FileVault and sleep is set")
    ]


def test_the_answer_is_parsed():
    """After whatever the account prints at its start."""
    lines = ["Hello", "sleep\t99", "begin", "filevault\ton", "sleep\t10", "womp\t0",
             "conda\t/opt/conda", "updates\tx", "odd", "end\tok"]  # fmt: skip
    assert parse(lines) == Circumstances(
        filevault=True, sleep=10, wakes=False, updates=0, condas=("/opt/conda",)
    )
    assert parse(["begin", "end\tok"]) == Circumstances()
    with pytest.raises(ProbeError):
        parse(["begin", "filevault\ton"])


def test_the_prefix_of_the_lab_is_not_another_conda():
    """The script gets its path, quoted."""
    assert build_script(f"{PREFIX}; x").startswith(f"PREFIX='{PREFIX}; x'\n")

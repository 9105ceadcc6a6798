"""A result is read from the Mac's disk: state, reason and verifications are one object."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import built, lock, mac, package, shown, stamp, wheel

from torchard.lab.model import MacHost
from torchard.plan.codec import document, to_data
from torchard.plan.plan import plan_mac, unreachable
from torchard.plan.result import (
    MacRun,
    Result,
    describe_verification,
    find_steps,
    report_apply,
    report_failure,
    report_not_started,
    report_skipped,
    report_verification,
)
from torchard.plan.steps import Step, StepId
from torchard.plan.target import Target
from torchard.render.text import result_lines

TORCH = StepId("environment", "torch")
LOCK = lock([package("python", "3.12.13")], [wheel("torch", "2.2.2")])
PLANNED = plan_mac(Target(MacHost("studio-01"), mac(), locks={"torch": LOCK}))


FAILURES = [("jax", "MPS fails"), ("old", "gone")]


def after(state, name="studio-01"):
    """What an apply came to, if this is what the Mac has then."""
    planned = replace(PLANNED, name=name)
    run = MacRun((TORCH,), seconds=12.5)
    return report_apply(planned, Target(MacHost(name), state, locks={"torch": LOCK}), run)


def text_of(result):
    return "\n".join(line.plain for line in result_lines(result))


def test_what_is_found_as_planned_is_up_to_date_with_its_verifications():
    """The verifications are those of the stamps that the Mac bears, not what anybody printed."""
    done = after(shown(LOCK))
    assert PLANNED.state == "change"
    assert (done.state, done.reason, done.seconds) == ("up_to_date", None, 12.5)
    assert done.verifications == (("torch", "verified: python 3.12.13 None"),)
    assert [(step.id, step.outcome) for step in done.steps] == [(TORCH, "done")]


def test_what_failed_a_later_verification_is_not_called_verified():
    """Its stamp says that it was verified once; a warning has the failure."""
    state = shown(LOCK)
    failed = {path: replace(one, failed=("2026-12-01", "torch: 1 of 9 files has another size"))
              for path, one in state.environments.items()}  # fmt: skip
    done = after(replace(state, environments=failed))
    assert (done.state, done.verifications) == ("up_to_date", ())


def test_a_mac_that_was_not_started_has_its_plan_and_the_reason():
    """An apply in batches stops before it if Macs failed; nothing is done on it."""
    reason = "not started, because the batch before it has failed: its only Mac"
    left = report_not_started(PLANNED, reason)
    assert (left.state, left.seconds) == ("change", None)
    assert [(step.id, step.outcome) for step in left.steps] == [(TORCH, "not_started")]
    lines = text_of(Result((left,))).splitlines()
    assert any(line.split()[:2] == ["+", "torch"] for line in lines)
    assert any(line.split()[:2] == ["!", "note"] and reason in line for line in lines)
    assert to_data(document(Result((left,))))["macs"]["studio-01"]["reason"] == reason


def test_what_is_not_found_as_planned_has_failed():
    """An apply that every command called a success has failed, if the disk says otherwise."""
    unverified = shown(LOCK, stamp={**stamp(LOCK), "verification": None})
    assert after(unverified).reason == "not as planned: it was never verified"
    gone = after(mac())
    assert (gone.state, gone.reason) == ("failed", "not as planned: not there yet")
    assert gone.verifications == ()


def test_a_mac_that_became_unfit_on_the_way_has_failed():
    """What would be refused now is not what was planned, whatever was done before."""
    somebodys = built(LOCK, path="/Users/ann/miniconda3/envs/torch")
    done = after(mac(somebodys, links={"torch": None}))
    assert done.state == "failed"
    assert "Torchard did not make it" in done.reason


@pytest.mark.parametrize(
    ("macs", "code", "last"),
    [
        (["good"], 0, "Done: 1 Mac up to date."),
        (["good", "unreachable"], 3, "Done: 1 Mac up to date, 1 unreachable."),
        (["good", "failed"], 1, "Done: 1 Mac up to date, 1 failed."),
        (["failed", "unreachable"], 1, "Done: 0 Macs up to date, 1 failed, 1 unreachable."),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_text_json_and_exit_code_are_read_from_one_object(macs, code, last):
    """The last line, the JSON's counts and the exit code cannot disagree."""
    made = {
        "good": after(shown(LOCK), "good"),
        "failed": report_failure(
            replace(PLANNED, name="failed"), MacRun((), (TORCH,), "pip failed", 3.0)
        ),
        "unreachable": report_skipped(unreachable("unreachable", "it is off")),
    }
    done = Result(tuple(made[name] for name in macs))
    assert done.summary.exit_code == code
    assert text_of(done).splitlines()[-1] == last
    data = to_data(document(done))
    states = {"good": "up_to_date", "failed": "failed", "unreachable": "unreachable"}
    assert {name: one["state"] for name, one in data["macs"].items()} == {
        name: states[name] for name in macs
    }
    assert data["summary"]["failed"] == macs.count("failed")
    for name, reason in (("failed", "pip failed"), ("unreachable", "it is off")):
        assert (reason in text_of(done)) == (name in macs)


@pytest.mark.parametrize(
    ("operation", "ids"),
    [
        ("Miniconda", [StepId("miniconda")]),
        ("Environment torch", [TORCH]),
        ("Verify torch", [TORCH]),
        ("Environment prune", [StepId("environment", "prune")]),
        ("Verify miniconda", [StepId("environment", "miniconda")]),
        ("Shell ~/.zshrc", [StepId("shell", "~/.zshrc")]),
        ("Prune", [StepId("prune", "old"), StepId("prune", "older")]),
        ("Verify vision", []),
        ("Refuse", []),
    ],
)
def test_an_operation_belongs_to_the_steps_of_its_kind_and_name(operation, ids):
    """However an environment is called."""
    steps = [
        Step("miniconda", "create", None, "", "/x"),
        *(
            Step("environment", "create", name, "", "/x")
            for name in ("torch", "prune", "miniconda")
        ),
        *(Step("shell", "create", None, "", "/x", f"~/.{name}rc") for name in ("zsh", "bash")),
        *(Step("prune", "remove", name, "", "/x") for name in ("old", "older")),
    ]
    assert list(find_steps(operation, steps)) == ids


def test_a_verify_reports_each_environment():
    """A failure is named with its reason; the others keep their verifications."""
    done = report_verification(PLANNED, [("torch", "verified: all")], FAILURES)
    assert (done.state, done.reason) == ("failed", "jax: MPS fails\nold: gone")
    assert (done.verifications, done.steps) == ((("torch", "verified: all"),), ())
    fine = report_verification(PLANNED, [("torch", "verified: all")], [])
    assert (fine.state, fine.reason) == ("up_to_date", None)


@pytest.mark.parametrize(
    ("verification", "words"),
    [
        (
            {"python": "3.12.13", "machine": "arm64", "torch": "2.15.0", "mps": True},
            "verified: python 3.12.13 arm64, torch 2.15.0, MPS works",
        ),
        (
            {"python": "3.12.13", "machine": "x86_64", "torch": "2.2.2", "mps": False},
            "verified: python 3.12.13 x86_64, torch 2.2.2, CPU",
        ),
        ({"python": "3.12.13", "machine": "arm64", "mps": False}, "verified: python 3.12.13 arm64"),
    ],
)
def test_a_verification_is_described_in_a_few_words(verification, words):
    """Python and its arch always; torch and its device where there is one."""
    assert describe_verification(verification) == words

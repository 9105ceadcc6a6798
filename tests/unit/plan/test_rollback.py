"""The generation before, found in a Mac's own records: which one it is, and why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, PREFIX, built, lock, mac, package, stamp, wheel

from torchard.errors import TorchardError
from torchard.lab.model import Environment, Lab, MacHost
from torchard.mac.state import InstalledConda, InstalledDist, RunLock
from torchard.plan.diff import PackageChange, diff, list_installed
from torchard.plan.rollback import find_macs_with, plan_rollback, report_rollback

PYTHON = package("python", "3.12.13")
FIRST = lock([PYTHON, package("rhash", "1.4.5")], [wheel("torch", "2.14.1"), wheel("einops")])
SECOND = lock([PYTHON], [wheel("torch", "2.15.0"), wheel("einops"), wheel("pytz", "2026.6")])
OTHER = lock([PYTHON], environment="other")
ONE, TWO = (replace(built(one), stamp={**stamp(one), "date": "2026-11-20 09:00:00"})
            for one in (FIRST, SECOND))  # fmt: skip
HOST = MacHost("studio-01", environments=("torch",))


def showing(shown, *order, also=(), **changes):
    """A Mac that shows one of some generations; `order` names them, the last shown first."""
    target = getattr(shown, "path", shown)
    return mac(
        *order,
        *also,
        links={"torch": target} if target != "nothing" else {},
        last_activated=tuple(one.path for one in order),
        **changes,
    )


def refused(state):
    plan = plan_rollback("torch", HOST, state)
    assert (plan.state, plan.steps) == ("blocked", ())
    assert plan.reason.startswith("torch: ")
    return plan.reason.removeprefix("torch: ")


def test_it_is_the_one_that_was_shown_before_package_by_package():
    """Old -> new as far as the records tell; the link is all that is set."""
    plan = plan_rollback("torch", HOST, showing(TWO, TWO, ONE))
    assert plan.state == "change"
    (step,) = plan.steps
    assert (step.kind, step.action, step.path) == ("environment", "activate", ONE.path)
    assert step.reason == "the generation before, built on 2026-11-20"
    assert step.kept == 2
    assert [(one.name, one.before, one.after, one.source) for one in step.packages] == [
        ("rhash", None, "1.4.5", "conda"),
        ("torch", "2.15.0", "2.14.1", "wheel"),
        ("pytz", "2026.6", None, "wheel"),
    ]
    assert sum(one.bytes for one in step.packages) == 0


def test_the_order_is_that_in_which_they_were_shown():
    """Neither the order of their names nor that of their building counts."""
    state = showing(ONE, ONE, TWO)
    (step,) = plan_rollback("torch", HOST, state).steps
    assert step.path == TWO.path


def test_going_back_twice_goes_no_further_and_not_forward():
    """Where what is shown is the oldest, a newer one is not shown by a rollback."""
    reason = refused(showing(ONE, TWO, ONE))
    assert reason.startswith("it was rolled back already: the active generation")
    assert "`torchard apply` goes forward again" in reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (showing("nothing", ONE), "it is not there; `torchard apply` builds it"),
        (showing(ONE, ONE), "there is no generation before the active one"),
        (showing(ONE, ONE, built(OTHER)), "there is no generation before the active one"),
        (showing(f"{HOME}/.torchard/generations/gone"), "there is no generation before the active"),
        (showing(None, ONE), "~/miniconda3/envs/torch is not a link, so Torchard did not make it;"),
        (showing("/opt/mine", ONE), "~/miniconda3/envs/torch is a link to /opt/mine, so Torchard"),
        (showing(TWO, TWO, replace(ONE, whole=False)), "is not whole any more; `torchard apply`"),
        (showing(TWO, TWO, replace(ONE, damaged=True)), "is not whole any more"),
        (showing(TWO, TWO, replace(ONE, stamp={"environment": "torch"})), "is not whole any more"),
    ],
    ids=["nothing", "alone", "another's", "dangling", "no-link", "elsewhere", "no-history",
         "damaged", "unverified"],
)  # fmt: skip
def test_a_mac_that_cannot_go_back_says_why(state, reason):
    """It is refused with a sentence, and nothing is planned for it."""
    assert reason in refused(state)


@pytest.mark.parametrize("target", ["its stamp is gone", "it is gone"])
def test_from_what_is_broken_one_goes_back_to_the_last_that_was_shown(target):
    """A generation without a stamp has no place in the order, and one may leave it all the same."""
    broken = replace(TWO, stamp=None)
    also = [broken] if target == "its stamp is gone" else []
    (step,) = plan_rollback("torch", HOST, showing(broken, ONE, also=also)).steps
    assert step.path == ONE.path


def test_a_run_that_is_at_work_blocks():
    """Its lock would stop the rollback, so the reason comes before the question."""
    lock = RunLock("t", "ada@desk", 0, (7,))
    planned = plan_rollback("torch", HOST, showing(TWO, TWO, ONE, lock=lock))
    assert (planned.state, planned.steps) == ("blocked", ())
    assert planned.reason.startswith("a run of ada@desk is at work there; ")
    ours = showing(TWO, TWO, ONE, lock=replace(lock, is_ours=True))
    planned = plan_rollback("torch", HOST, ours)
    assert planned.state == "change"
    assert "an earlier run of ada@desk is still at work there" in planned.warnings[0]


def test_what_is_reported_is_what_is_on_the_disk():
    """A link that leads elsewhere by then is a failure, whatever the script said."""
    planned = plan_rollback("torch", HOST, showing(TWO, TWO, ONE))
    verification = {"python": "3.12.13", "machine": "arm64"}
    done = report_rollback(planned, showing(ONE, TWO, ONE), verification, 1.5)
    assert (done.state, done.seconds) == ("up_to_date", 1.5)
    assert done.verifications == (("torch", "verified: python 3.12.13 arm64"),)
    failed = report_rollback(planned, showing(TWO, TWO, ONE), verification, 1.5)
    assert (failed.state, failed.reason) == (
        "failed",
        "not as planned: another generation is active now",
    )
    unverified = report_rollback(planned, showing(ONE, TWO, ONE), "einops is missing", 1.5)
    assert unverified.state == "failed"
    assert "its verification failed: einops is missing" in unverified.reason


def test_only_macs_that_the_lab_gives_the_environment_to_are_meant(tmp_path):
    """One that has it not is not contacted; a name that nobody has is a sentence."""
    environments = {name: Environment(name, "3.12", None) for name in ("torch", "spare")}
    macs = {"a": replace(HOST, name="a"), "b": MacHost("b")}
    lab = Lab(tmp_path / "lab.yaml", environments, {}, macs)
    assert find_macs_with("torch", lab, macs.values()) == (macs["a"],)
    for name, sentence in (
        ("torhc", "There is no environment torhc in lab.yaml.\n  Did you mean torch?"),
        ("x", "There is no environment x in lab.yaml.\n  There are: torch, spare."),
        ("spare", "None of these Macs has spare in lab.yaml."),
    ):
        with pytest.raises(TorchardError) as caught:
            find_macs_with(name, lab, macs.values())
        assert str(caught.value).startswith(sentence)


def test_a_build_is_listed_if_only_the_build_differs():
    """What conda installed is listed once, under conda's name."""
    old = replace(
        built(lock()),
        path=f"{PREFIX}/envs/a",
        conda=(InstalledConda("numpy", "2.2", "h0"), InstalledConda("pytorch", "2.5", "cpu_0")),
        dists=(InstalledDist("numpy", "2.2"), InstalledDist("torch", "2.5")),
    )
    new = replace(
        old,
        conda=(InstalledConda("numpy", "2.2", "h1"), InstalledConda("pytorch", "2.6", "cpu_0")),
        dists=(InstalledDist("numpy", "2.2"), InstalledDist("torch", "2.6")),
    )
    before, after = (list_installed(one.conda, one.dists) for one in (old, new))
    assert diff(before, after) == (
        (
            PackageChange("update", "numpy", "2.2=h0", "2.2=h1", "conda"),
            PackageChange("update", "pytorch", "2.5", "2.6", "conda"),
        ),
        0,
    )
    assert diff(after, after) == ((), 2)
    assert [one.change for one in diff({}, after)[0]] == ["add", "add"]

"""Why one Mac gets what its plan says: each answer is the one that the plan itself rests on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from locked import HOME, INSTALLER, VARIANT, built, lock, mac, package, path_of, shown, wheel

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.lab.model import Environment, Lab, MacHost, Position, Request
from torchard.mac.state import Link, ShellFile
from torchard.plan.explain import explain
from torchard.plan.file_changes import FileChange
from torchard.plan.plan import plan_mac, unreachable
from torchard.plan.result import MacRun, find_steps, report_failure
from torchard.plan.steps import Step, StepId
from torchard.plan.target import Target

CATALOGUE = load_catalog()
TORCH = Environment("torch", "3.12", Request("3.12"), where=Position("lab.yaml", 2, 3))
PLAIN = Environment("plain", "3.12", None, where=Position("lab.yaml", 3, 3))
HOST = MacHost("studio-01", environments=("torch", "plain"), where=Position("lab.yaml", 5, 3))
LAB = Lab(Path("/lab/lab.yaml"), {"torch": TORCH, "plain": PLAIN}, {}, {"studio-01": HOST})
PACKAGES = [package("python", "3.12.13", "h1_0_cpython"), package("pip", "26.1")]
LOCK = lock(PACKAGES, [wheel("torch", "2.2.2")])
BARE = lock(PACKAGES, environment="plain", variant=None)
BOTH = {"torch": LOCK, "plain": BARE}
EMPTY = mac(prefix_state="absent", prefix_arch=None)


def explain_mac(state, locks=BOTH, host=HOST, written=(), **said):
    """Explain the plan that is made of a Mac's state and its locks."""
    installer = None if state.prefix_state == "whole" else INSTALLER
    target = Target(host, state, MacClass("osx-arm64", "15.0"), installer, locks, **said)
    return explain(host, plan_mac(target), target, LAB, CATALOGUE, written)


def up_to_date():
    """Return a Mac that has both environments just as they are locked."""
    ours = [built(one) for one in (LOCK, BARE)]
    links = {one.environment: path_of(one) for one in (LOCK, BARE)}
    return mac(*ours, links=links, conda_version="26.5.3")


def test_each_step_has_its_cause_and_what_is_up_to_date_has_one_too():
    """The steps are those of the plan, each once; nothing of the Mac is left unsaid."""
    for state in (EMPTY, up_to_date(), shown(LOCK), mac()):
        found = explain_mac(state)
        steps = [one.step for one in found.parts if one.step is not None]
        assert steps == list(found.planned.steps)
        assert [str(one.id) for one in found.parts] == ["miniconda", "torch", "plain"]
        for part in found.parts:
            assert part.reason
            assert part.step is None or part.reason == part.step.reason


def test_what_is_up_to_date_has_a_reason():
    """Whose Miniconda it is, and that the generation is the lock's."""
    _, torch, _ = (one.reason for one in explain_mac(up_to_date()).parts)
    assert torch == (
        f"~/.torchard/generations/torch-{LOCK.digest[:8]} was built from this lock and verified;"
        " each"
        " of its 3 packages is the lock's, and no other is there"
    )
    theirs, ours = (
        up_to_date(),
        replace(up_to_date(), prefix_ours={"sha256": "0"}, conda_version=None),
    )
    assert "a person installed it, and it is kept" in explain_mac(theirs).parts[0].reason
    assert "conda of an unknown version is whole; Torchard" in explain_mac(ours).parts[0].reason


def test_a_step_of_another_kind_comes_last():
    """Whatever a plan does, its explanation leaves nothing out."""
    plan = plan_mac(Target(HOST, up_to_date(), locks=BOTH))
    step = Step(
        "shell", "create", None, "the lab says so", "/x", "~/x", files=(FileChange("x", None, "y"),)
    )
    plan = replace(plan, state="change", steps=(step,))
    found = explain(HOST, plan, Target(HOST, up_to_date(), locks=BOTH), LAB, CATALOGUE)
    assert [(one.id, one.step) for one in found.parts][-1] == (StepId("shell", "~/x"), step)


def test_each_of_two_shells_is_a_part():
    """Neither hides the other."""
    host = replace(HOST, shells=("bash", "zsh"))
    names = (".zshrc", ".bash_profile")
    files = {name: ShellFile(f"{HOME}/{name}", "file", None) for name in names}
    state = replace(up_to_date(), shell_files=files)
    target = Target(host, state, locks=BOTH)
    found = explain(host, plan_mac(target), target, LAB, CATALOGUE)
    shells = [one.id for one in found.parts if one.step]
    assert shells == [StepId("shell", "~/.bash_profile"), StepId("shell", "~/.zshrc")]


@pytest.mark.parametrize("name", ["miniconda", "prune", "shell"])
def test_an_environment_may_be_called_as_a_kind_of_step(name):
    """It has a part and a result of its own."""
    lock = replace(LOCK, environment=name)
    target = Target(HOST, mac(prefix_state="absent"), installer=INSTALLER, locks={name: lock})
    plan = plan_mac(target)
    parts = explain(HOST, plan, target, LAB, CATALOGUE).parts
    ids = [StepId("miniconda"), StepId("environment", name)]
    assert [(one.id, one.step) for one in parts] == list(zip(ids, plan.steps, strict=True))
    done = report_failure(plan, MacRun(find_steps("Miniconda", plan.steps), (ids[1],), "no disk"))
    assert [step.outcome for step in done.steps] == ["done", "failed"]


def test_the_class_is_that_of_the_macs_own_system():
    """Its major version decides, or the highest threshold in it that its macOS reaches."""
    found = explain_mac(mac(macos="13.6"))
    assert found.mac_class == find_mac_class("arm64", "13.6", CATALOGUE)
    assert found.thresholds == CATALOGUE.thresholds("arm64")
    assert found.class_reason == "the major version of macOS 13.6, or the highest threshold in it"


def test_a_mac_of_an_unknown_processor_has_no_class():
    """It was read, and is of no kind that anything is built for."""
    found = explain_mac(mac(arch=""), {}, blockers=("its processor is unknown",))
    assert (found.mac_class, found.thresholds) == (None, ())
    assert "this one's is unknown" in found.class_reason
    assert found.answers[0].considered is None


@pytest.mark.parametrize(
    ("host", "name", "reason"),
    [
        (HOST, None, "were not read, and lab.yaml:5 does not say them"),
        (
            replace(HOST, arch="arm64", macos="13.6"),
            MacClass("osx-arm64", "13.0"),
            "(lab.yaml:5 says so; it was not read)",
        ),
        (replace(HOST, arch="arm64", macos="10.15"), None, "Macs need macOS 11 or newer"),
    ],
)
def test_an_unreachable_mac_is_explained_from_the_lab_file(host, name, reason):
    """As far as the file says its arch and macOS; the rest stays out."""
    found = explain(host, unreachable("studio-01", "it is off"), None, LAB, CATALOGUE)
    assert (found.state, found.parts, found.blockers) == (None, (), ("it is off",))
    assert found.mac_class == name
    assert reason in found.class_reason
    assert (found.thresholds != ()) == (name is not None)
    torch, plain = found.answers
    assert (torch.found, torch.used, plain.considered) == ("", None, None)
    assert (torch.considered is not None) == (name is not None)


def test_an_answer_is_the_catalogues_with_what_other_sources_have():
    """The same request from each other source; a nightly is nowhere else."""
    (torch, plain) = explain_mac(mac(macos="13.6")).answers
    group = MacClass("osx-arm64", "13.6")
    assert torch.considered.answer == choose(TORCH.pytorch, group, CATALOGUE)
    assert torch.elsewhere == (("conda-forge", "2.8.0"), ("pytorch-channel", "2.5.1"))
    assert (torch.where, plain.where) == ("lab.yaml:2", "lab.yaml:3")
    assert (plain.considered, plain.elsewhere) == (None, ())
    for request, others in [
        (Request("3.12", release="nightly"), []),
        (Request("3.12", source="conda-forge"), ["wheels", "pytorch-channel"]),
    ]:
        lab = replace(LAB, environments={"torch": replace(TORCH, pytorch=request)})
        one = replace(HOST, environments=("torch",))
        found = explain(one, plan_mac(Target(one, mac())), Target(one, mac()), lab, CATALOGUE)
        assert [name for name, _ in found.answers[0].elsewhere] == others


def test_a_lock_is_named_and_whether_it_was_written_just_now():
    """With what is known to be unsafe in the torch that it holds."""
    path = Path(f"/lab/locks/lab/torch.{LOCK.mac_class}.json")
    torch, plain = explain_mac(mac(), written={path}).answers
    assert (torch.used.path, torch.used.lock, torch.used.written) == (path, LOCK, True)
    assert [one.id for one in torch.advisories] == ["CVE-2026-24747", "CVE-2025-32434"]
    assert (plain.used.written, plain.advisories) == (False, ())


@pytest.mark.parametrize(
    ("link", "says"),
    [
        (None, "nothing at ~/miniconda3/envs/torch"),
        (Link("torch", None), "not a link, so Torchard did not make it"),
        (Link("torch", "/opt/torch"), "a link to /opt/torch, so Torchard did not make it"),
        (Link("torch", f"{path_of(LOCK)}.2"), f"torch-{LOCK.digest[:8]}.2, which leads nowhere"),
        (Link("torch", path_of(LOCK)), f", built from the lock {LOCK.digest[:8]}, verified"),
    ],
)
def test_what_is_under_an_environments_name_is_described(link, says):
    """A link of ours, one of somebody's, or no link at all."""
    state = replace(mac(built(LOCK)), links={} if link is None else {"torch": link})
    assert says in explain_mac(state).answers[0].found


@pytest.mark.parametrize(
    ("stamp", "says"),
    [(None, "without a stamp, never verified"), ({"lock": LOCK.digest}, ", never verified")],
)
def test_a_generation_without_a_verification_is_described(stamp, says):
    """Its stamp is read, not believed to be whole."""
    state = mac(built(LOCK, stamp=stamp), links={"torch": path_of(LOCK)})
    assert explain_mac(state).answers[0].found.endswith(says)


def test_a_mac_that_is_refused_has_every_reason_and_no_step():
    """What is asked for is explained all the same."""
    found = explain_mac(mac(prefix_state="foreign"), blockers=("torch: there is no answer.",))
    assert found.planned.state == "blocked"
    assert found.parts == ()
    first, second = found.blockers
    assert first == "torch: there is no answer."
    assert second.startswith("~/miniconda3 exists")
    assert "; ".join(found.blockers) == found.planned.reason
    assert found.answers[0].considered is not None


def test_what_is_explained_is_the_locked_variant():
    """Of a lock that fits the lab, both are one: the choice is made of the same rows."""
    variant = choose(TORCH.pytorch, MacClass("osx-arm64", "15.1"), CATALOGUE)
    assert variant != VARIANT
    made = lock(PACKAGES, [wheel("torch", "2.15.0")], variant=variant)
    (torch, _) = explain_mac(mac(), {**BOTH, "torch": made}).answers
    assert torch.used.lock.variant == torch.considered.answer


def test_a_damaged_generation_is_described_by_what_it_lacks():
    """Not by its stamp."""
    damaged = built(LOCK, whole=False, missing=("python",))
    state = replace(mac(damaged), links={"torch": Link("torch", path_of(LOCK))})
    found = explain_mac(state).answers[0].found
    assert "python" in found.rpartition(": ")[2]
    assert "verified" not in found

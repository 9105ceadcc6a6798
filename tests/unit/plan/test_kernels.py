"""`kernel:` of an environment: which Jupyter kernels a plan writes, corrects and removes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from locked import HOME, PREFIX, lock, mac, package, shown, wheel

from torchard.lab.model import Environment, MacHost
from torchard.mac.state import KernelFile
from torchard.plan.kernels import render_kernel
from torchard.plan.plan import plan_mac
from torchard.plan.stale import recheck
from torchard.plan.steps import StepId
from torchard.plan.target import Target

LOCK = lock([package("python", "3.12.13")], [wheel("ipykernel", "7.1.0")])
MAC = MacHost("studio-01", environments=("torch",))
TORCH = Environment("torch", "3.12", None, pip=("ipykernel",), kernel="PyTorch")
PLACE = "~/Library/Jupyter/kernels/torchard-torch/kernel.json"
OURS = render_kernel(TORCH, PREFIX)
OF_A_PERSON = json.dumps({"argv": ["python"], "metadata": {"torchard": {"environment": "torch"}}})


def plan(text="", environment=TORCH, locked=LOCK, host=MAC, **changes):
    """Plan a Mac that has this kernel.json: "" for no file, None for a person's."""
    path = f"{HOME}/{PLACE[2:]}"
    kernels = {} if text == "" else {"torch": KernelFile(path, text)}
    state = replace(shown(locked), kernels=kernels, **changes)
    locks = dict.fromkeys(host.environments, locked)
    return plan_mac(Target(host, state, locks=locks, environments={"torch": environment}))


def test_a_kernel_starts_the_python_behind_the_link():
    """So it is right for the next generation, too; it has the lab's variables and a mark."""
    spec = json.loads(render_kernel(replace(TORCH, variables={"A": "1"}), PREFIX))
    assert spec["argv"][0] == f"{PREFIX}/envs/torch/bin/python"
    assert spec["argv"][1:3] == ["-m", "ipykernel_launcher"]
    assert (spec["display_name"], spec["language"], spec["env"]) == (
        "PyTorch",
        "python",
        {"A": "1"},
    )
    assert spec["metadata"]["torchard"] == {"environment": "torch"}


def test_a_kernel_is_written_once():
    """With its text as a diff; one that says the same in another way is up to date."""
    (step,) = plan().steps
    assert (step.id, step.action, step.environment) == (StepId("kernel", PLACE), "create", None)
    assert (step.path, step.files[0].before, step.files[0].after) == (
        f"{HOME}/{PLACE[2:]}",
        None,
        OURS,
    )
    assert plan(OURS).state == "up_to_date"
    assert plan(json.dumps(json.loads(OURS), sort_keys=True)).state == "up_to_date"


def test_another_name_is_a_diff():
    """Both texts are in the plan."""
    (step,) = plan(OURS.rstrip(), replace(TORCH, kernel="Other")).steps
    assert step.action == "update"
    assert (step.files[0].before, '"Other"' in step.files[0].after) == (OURS, True)


@pytest.mark.parametrize(
    ("host", "is_removed"),
    [
        (MAC, True),
        (MacHost("studio-01"), False),
        (MacHost("studio-01", prune=True), True),
    ],
    ids=["named", "not named", "pruned"],
)
def test_a_kernel_goes_when_the_lab_drops_it(host, is_removed):
    """If the lab does not name the environment any more, only with `prune: true`."""
    planned = plan(OURS, replace(TORCH, kernel=None), host=host)
    removed = [step for step in planned.steps if step.kind == "kernel"]
    assert [step.action for step in removed] == ["remove"] * is_removed
    assert all(step.files[0].after is None for step in removed)


def test_a_kernel_whose_environment_is_gone_is_removed():
    """It would not start: the environment was removed, and the lab does not name it any more."""
    path = f"{HOME}/{PLACE[2:]}"
    state = mac(kernels={"torch": KernelFile(path, OURS)})
    (step,) = plan_mac(Target(MacHost("studio-01"), state)).steps
    assert (step.kind, step.action, step.path) == ("kernel", "remove", path)


@pytest.mark.parametrize("text", [None, OF_A_PERSON, "{"])
def test_a_persons_kernel_of_that_name_blocks_and_is_never_removed(text):
    """Also one whose mark somebody copied to another python."""
    planned = plan(text)
    assert planned.state == "blocked"
    assert "is a Jupyter kernel that Torchard did not make" in planned.reason
    assert "remove `kernel` from torch" in planned.reason
    assert plan(text, replace(TORCH, kernel=None)).state == "up_to_date"


def test_a_lock_without_ipykernel_blocks():
    """The sentence says what to write."""
    planned = plan(locked=lock([package("python", "3.12.13")]))
    assert planned.reason == (
        "torch is to be a Jupyter kernel, and its lock has no ipykernel; add ipykernel under its"
        " `pip:`, or remove `kernel`"
    )


def test_a_closed_folder_blocks_only_where_a_kernel_must_be_written():
    """The folder is named."""
    closed = f"{HOME}/Library/Jupyter"
    assert "ann may not write to ~/Library/Jupyter" in plan(kernels_closed=closed).reason
    assert plan(OURS, kernels_closed=closed).state == "up_to_date"


def test_a_new_mac_gets_the_kernel_after_the_environment():
    """In the order in which deploy.py does it."""
    target = Target(MAC, mac(), locks={"torch": LOCK}, environments={"torch": TORCH})
    assert [step.kind for step in plan_mac(target).steps] == ["environment", "kernel"]


def test_a_kernel_that_changed_makes_a_saved_plan_stale():
    """The text that the plan replaces is a precondition."""
    one, other = (json.dumps({**json.loads(OURS), "display_name": name}) for name in "AB")
    saved = plan(one)
    assert recheck(saved, plan(one)) == saved
    found = recheck(saved, plan(other))
    assert found.state == "blocked"
    assert f"the Jupyter kernel {PLACE} has changed. Plan again" in (found.reason or "")

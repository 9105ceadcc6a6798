"""Jupyter kernels beside a shared prefix: which folders a plan makes, and what is not safe."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import lock, mac, package, shown, wheel

from torchard.lab.model import Environment, MacHost, Miniconda
from torchard.mac.sharing import KERNELS_FOLDER, Access, Sharing
from torchard.mac.state import KernelFile
from torchard.plan.kernels import find_content, render_kernel
from torchard.plan.plan import plan_mac
from torchard.plan.stale import recheck
from torchard.plan.target import Target

PREFIX = "/opt/torchard/miniconda3"
LOCK = lock([package("python", "3.12.13")], [wheel("ipykernel", "7.1.0")])
TORCH = Environment("torch", "3.12", None, pip=("ipykernel",), kernel="PyTorch")
MAC = MacHost("studio-01", environments=("torch",), miniconda=Miniconda(prefix=PREFIX, shared=True))
OWN = f"{KERNELS_FOLDER}/torchard-torch"
FILE = f"{OWN}/kernel.json"
OURS = render_kernel(TORCH, PREFIX)
MAKE = f"sudo install -d -m 755 -o ann {KERNELS_FOLDER}"
MAKE_OWN = f"sudo install -d -m 755 -o ann {OWN}"


def root(path, mode="drwxr-xr-x"):
    return Access(path, mode, "root", 0, 0)


def ann(path, mode="drwxr-xr-x"):
    return Access(path, mode, "ann", 501, 20)


PREPARED = Sharing(
    "/opt/torchard/.torchard", 501, (ann("/opt/torchard"), root("/opt")), paths=f"{PREFIX}/condabin"
)
ABOVE = (root("/usr"), root("/usr/local"))
NEW = replace(PREPARED, kernels_access=ABOVE, kernels_way="sudo", has_no_kernels=True)
READY = replace(PREPARED, kernels_access=(*ABOVE, ann(KERNELS_FOLDER)))
WRITTEN = replace(READY, kernels_access=(*READY.kernels_access, ann(OWN), ann(FILE, "-rw-r--r--")))
OTHERS = replace(
    PREPARED,
    kernels_access=(*ABOVE, root(KERNELS_FOLDER)),
    kernels_way="sudo",
    has_no_kernels=False,
)


def plan(sharing, text="", environment=TORCH):
    """Plan a Mac whose environments are up to date, and that has this kernel.json."""
    kernels = {"torch": KernelFile(FILE, text)} if text else {}
    state = replace(shown(LOCK), prefix=PREFIX, sharing=sharing, kernels=kernels)
    return plan_mac(Target(MAC, state, environments={"torch": environment}))


def test_the_folder_of_all_kernels_is_made_once_and_shown():
    """Then the account writes each kernel itself, with the python behind the link."""
    made = plan(NEW)
    folder, kernel = made.steps
    assert (folder.kind, folder.place, folder.action) == ("sharing", KERNELS_FOLDER, "create")
    assert folder.reason == f"Torchard runs `{MAKE}`"
    assert folder.files[0].after == "owner ann, mode 755\n"
    assert (kernel.kind, kernel.path, kernel.place) == ("kernel", FILE, FILE)
    assert f'"{PREFIX}/envs/torch/bin/python"' in (kernel.files[0].after or "")
    state = replace(mac(prefix=PREFIX), sharing=NEW)
    target = Target(MAC, state, environments={"torch": TORCH})
    assert find_content(kernel, target) == kernel.files[0].after


def test_later_kernels_need_no_sudo():
    """Neither a new one, nor one that changes, is removed or is up to date."""
    assert [step.kind for step in plan(READY).steps] == ["kernel"]
    assert plan(WRITTEN, OURS).state == "up_to_date"
    renamed = replace(TORCH, kernel="Other")
    assert [step.action for step in plan(WRITTEN, OURS, renamed).steps] == ["update"]
    dropped = replace(TORCH, kernel=None)
    assert [step.action for step in plan(WRITTEN, OURS, dropped).steps] == ["remove"]


def test_without_a_kernel_in_the_lab_nobody_looks_at_the_folder():
    """Whatever it is there."""
    bobs = replace(READY, kernels_access=(Access("/usr/local", "drwxrwxrwx", "bob", 502, 20),))
    assert plan(bobs, environment=replace(TORCH, kernel=None)).state == "up_to_date"


def test_an_empty_folder_of_root_is_given_to_the_account():
    """An empty folder of root's becomes the account's, because nobody loses a kernel."""
    made = plan(replace(OTHERS, has_no_kernels=True))
    assert [(step.kind, step.action) for step in made.steps] == [
        ("sharing", "update"),
        ("kernel", "create"),
    ]
    assert made.steps[0].files[0].before == "owner root\n"


def test_without_sudo_the_mac_is_blocked_with_what_to_type():
    """Once, for all kernels."""
    reason = plan(replace(NEW, kernels_way="closed")).reason or ""
    assert f"type `{MAKE}` on that Mac as an administrator; after that, Torchard" in reason


def test_a_folder_with_kernels_of_others_is_not_taken():
    """An administrator makes a folder for this kernel in it; root as the account needs nothing."""
    reason = plan(OTHERS).reason or ""
    assert f"{KERNELS_FOLDER}, which has others: type `{MAKE_OWN}` on that Mac as" in reason
    assert "remove `kernel` from the lab" in reason
    given = replace(OTHERS, kernels_access=(*OTHERS.kernels_access, ann(OWN)))
    assert [step.kind for step in plan(given).steps] == ["kernel"]
    assert plan(replace(OTHERS, uid=0, access=(root("/opt/torchard"),))).state == "change"


def test_a_folder_of_root_for_this_kernel_is_given():
    """An administrator made it without -o."""
    made = replace(READY, kernels_access=(*READY.kernels_access, root(OWN)))
    assert f"type `{MAKE_OWN}`" in (plan(made).reason or "")


@pytest.mark.parametrize(
    ("access", "said"),
    [
        (Access("/usr/local", "drwxr-xr-x", "bob", 502, 80), "/usr/local belongs to bob, who may"),
        (Access(OWN, "drwxr-xr-x", "bob", 502, 80), "name bob in ssh.user, or remove `kernel`"),
        (root("/usr/local", "drwxrwxrwx"), "run `sudo chmod go-w /usr/local` on that Mac"),
        (ann(KERNELS_FOLDER, "drwxrwxr-x"), f"run `sudo chmod go-w {KERNELS_FOLDER}`"),
        (replace(ann(OWN), granted=True), f"run `sudo chmod -N {OWN}` on that Mac"),
        (ann(FILE, "-rw-rw-rw-"), f"run `sudo chmod go-w {FILE}` on that Mac"),
        (ann(FILE, "-rw-r-----"), f"other accounts may not read {FILE}, where Jupyter"),
        (ann(KERNELS_FOLDER, "drwx--x--x"), f"run `sudo chmod go+rX {KERNELS_FOLDER}`"),
        (root("/usr/local", "drwx------"), "run `sudo chmod go+rX /usr/local` on that Mac"),
    ],
)
def test_what_another_account_could_change_or_not_read_blocks(access, said):
    """Each with what to do, and with nothing that would not help."""
    others = tuple(one for one in WRITTEN.kernels_access if one.path != access.path)
    made = plan(replace(WRITTEN, kernels_access=(*others, access)), OURS)
    assert made.state == "blocked"
    assert said in (made.reason or "")
    assert "install -d" not in (made.reason or "")


@pytest.mark.parametrize(
    "access",
    [
        root("/usr/local", "drwxr-x--x"),
        Access("/usr/local", "drwxrwxr-x", "root", 0, 80),
        Access(f"{KERNELS_FOLDER}/torchard-other", "drwxrwxrwx", "bob", 502, 20),
    ],
)
def test_folders_that_nobody_else_can_use_are_safe_enough(access):
    """Administrators may use sudo anyway, and a kernel that the lab does not name is not ours."""
    kept = tuple(one for one in WRITTEN.kernels_access if one.path != access.path)
    assert plan(replace(WRITTEN, kernels_access=(*kept, access)), OURS).state == "up_to_date"


def test_a_saved_plan_knows_its_own_folder():
    """A run that was stopped after it made the folder can go on."""
    saved, now = plan(NEW), plan(READY)
    assert [step.kind for step in recheck(saved, now).steps] == ["kernel"]
    bobs = replace(READY, kernels_access=(*ABOVE, root(KERNELS_FOLDER)), kernels_way="own")
    assert f"{KERNELS_FOLDER} has changed" in (recheck(plan(READY), plan(bobs)).reason or "")

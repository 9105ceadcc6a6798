"""What a plan says of a prefix that all accounts share: its steps, and what makes it unsafe."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, INSTALLER, lock, mac, package

from torchard.catalog.catalog import load_catalog
from torchard.lab.model import MacHost, Miniconda
from torchard.mac.sharing import PATHS_FILE, Access, Sharing
from torchard.mac.volume import Volume
from torchard.plan.blockers import find_mac_blockers
from torchard.plan.plan import plan_mac
from torchard.plan.rollback import plan_rollback
from torchard.plan.sharing import describe_unsafe_files, plan_sharing
from torchard.plan.stale import recheck
from torchard.plan.target import Target

OLDEST = load_catalog().oldest_conda
FOLDER = "/opt/torchard"
PREFIX = f"{FOLDER}/miniconda3"
ENTRY = f"{PREFIX}/condabin"
MAC = MacHost("studio-01", miniconda=Miniconda(prefix=PREFIX, shared=True))
TOP = (Access("/opt", "drwxr-xr-x", "root", 0, 0), Access("", "drwxr-xr-x", "root", 0, 0))
OURS = Access(FOLDER, "drwxr-xr-x", "ann", 501, 0)
ABSENT = Sharing(f"{FOLDER}/.torchard", 501, TOP, folder_way="sudo", command_way="sudo")
READY = Sharing(f"{FOLDER}/.torchard", 501, (OURS, *TOP), paths=ENTRY)
MAKE = f"sudo install -d -m 755 -o ann {FOLDER}"
WRITE = f"echo {ENTRY} | sudo tee {PATHS_FILE}"


def plan(sharing, **changes):
    """Return the plan of a Mac that needs a shared prefix and an environment."""
    state = mac(prefix=PREFIX, prefix_state="absent", prefix_arch=None, sharing=sharing, **changes)
    locks = {"torch": lock([package("python", "3.12.13")])}
    return plan_mac(Target(MAC, state, installer=INSTALLER, locks=locks))


def test_the_folder_and_the_path_come_first_and_are_shown():
    """Each has a diff, and the command that Torchard runs; what is made is beside the prefix."""
    made = plan(ABSENT, unwritable=("/opt",))
    assert made.state == "change"
    folder, paths, miniconda, environment = made.steps
    assert [one.place for one in (folder, paths)] == [FOLDER, PATHS_FILE]
    assert [one.reason for one in (folder, paths)] == [
        f"Torchard runs `{MAKE}`",
        f"Torchard runs `{WRITE}`",
    ]
    assert folder.files[0].after == "owner ann, mode 755\n"
    assert (paths.files[0].before, paths.files[0].after) == (None, f"{ENTRY}\n")
    assert miniconda.path == PREFIX
    assert environment.path.startswith(f"{FOLDER}/.torchard/generations/torch-")


def test_what_is_right_needs_no_step():
    """Then a run needs no sudo."""
    assert plan_sharing(Target(MAC, mac(prefix=PREFIX, sharing=READY))) == []


def test_an_empty_folder_of_root_is_given_to_the_account():
    """A run was stopped between two commands, or an administrator made it; any other blocks."""
    roots = Access(FOLDER, "drwxr-xr-x", "root", 0, 0)
    empty = replace(READY, access=(roots, *TOP), is_empty=True, folder_way="sudo")
    made = plan(empty)
    assert made.steps[0].files[0].before == "owner root\n"
    state = mac(prefix=PREFIX, sharing=empty)
    assert not [*find_mac_blockers(MAC, {MAC.name: state}, OLDEST)]
    state = mac(prefix=PREFIX, sharing=replace(empty, is_empty=False))
    (said,) = find_mac_blockers(MAC, {MAC.name: state}, OLDEST)
    assert said.endswith(f"or give it to ann (`sudo chown -R ann {FOLDER}`)")
    assert "ssh.user" not in said


def test_another_entry_on_the_path_is_replaced_and_shown():
    """Such as that of an earlier prefix."""
    state = mac(prefix=PREFIX, sharing=replace(READY, paths="/old/condabin"))
    (step,) = plan_sharing(Target(MAC, state))
    assert (step.action, step.files[0].before) == ("update", "/old/condabin\n")


@pytest.mark.parametrize(
    ("ways", "typed"),
    [
        (("closed", "closed"), f"type `{MAKE}` and `{WRITE}` on that Mac as an administrator"),
        (("own", "closed"), f"type `{WRITE}` on that Mac as an administrator"),
    ],
)
def test_without_sudo_the_mac_is_blocked_with_what_to_type(ways, typed):
    """Only what the account may not do itself."""
    made = plan(replace(ABSENT, folder_way=ways[0], command_way=ways[1]))
    assert made.state == "blocked"
    assert typed in (made.reason or "")
    assert "Torchard needs no sudo" in (made.reason or "")


@pytest.mark.parametrize(
    ("access", "said"),
    [
        (replace(OURS, uid=502, owner="bob"), "/opt/torchard belongs to bob, and only ann may"),
        (replace(OURS, mode="drwxrwxr-x"), "run `chmod -R go-w /opt/torchard` on that Mac"),
        (replace(OURS, mode="drwxr-xrwx"), "run `chmod -R go-w /opt/torchard` on that Mac"),
        (replace(OURS, granted=True), "run `chmod -R -N /opt/torchard` on that Mac"),
        (replace(OURS, mode="drwxr-x---"), "run `chmod -R go+rX /opt/torchard` on that Mac"),
        (Access(f"{PREFIX}/bin", "drwxrwxr-x", "ann", 501, 0), f"chmod -R go-w {PREFIX}/bin"),
        (Access("/opt", "drwxr-xr-x", "bob", 502, 0), "/opt belongs to bob, who may replace"),
        (Access("/opt", "drwxrwxr-x", "root", 0, 20), "may replace what is in /opt"),
        (Access("/opt", "drwxrwxrwx", "root", 0, 0), "may replace what is in /opt"),
        (Access("/opt", "drwx------", "root", 0, 0), "other accounts may not enter /opt"),
    ],
)
def test_what_another_account_could_change_or_not_read_blocks(access, said):
    """Each with what to do; a rollback and a removal are not done either."""
    others = tuple(one for one in READY.access if one.path != access.path)
    state = mac(prefix=PREFIX, sharing=replace(READY, access=(access, *others)))
    found = find_mac_blockers(MAC, {MAC.name: state}, OLDEST)
    assert said in "; ".join(found)
    back = plan_rollback("torch", MAC, state)
    assert (back.state, said in (back.reason or "")) == ("blocked", True)


def test_a_volume_without_owners_blocks():
    """As external disks often are: there every account owns every file."""
    state = mac(prefix=PREFIX, sharing=READY, prefix_volume=Volume("apfs", "x", has_owners=False))
    (said,) = find_mac_blockers(MAC, {MAC.name: state}, OLDEST)
    assert "`sudo diskutil enableOwnership`" in said


def test_a_shared_prefix_on_a_file_server_is_named_as_that():
    """Two Macs cannot build there, wherever their homes are."""
    share = Volume("nfs", "files:/lab", "/torchard")
    changes = {"home_volume": share, "prefix_volume": share, "sharing": READY}
    two = {"studio-01": mac(prefix=PREFIX, **changes), "b": mac(prefix=PREFIX, **changes)}
    said = "; ".join(find_mac_blockers(MAC, two, OLDEST))
    assert f"{PREFIX} is on a file server" in said
    assert "its home" not in said
    noexec = Volume("apfs", "x", executes=False)
    assert f"{PREFIX} is on a volume that is mounted noexec" in (
        plan(READY, home_volume=noexec, prefix_volume=noexec).reason or ""
    )


@pytest.mark.parametrize(
    "access",
    [
        Access("/Users/Shared", "drwxrwxrwt", "root", 0, 0),
        Access("/Applications", "drwxrwxr-x", "root", 0, 80),
        Access("/Volumes/lab", "drwxr-xr-x@", "ann", 501, 20),
    ],
)
def test_folders_of_macos_are_safe_enough(access):
    """In a sticky one each account replaces its own; administrators may use sudo anyway."""
    state = mac(prefix=PREFIX, sharing=replace(READY, access=(OURS, *TOP, access)))
    assert [*find_mac_blockers(MAC, {MAC.name: state}, OLDEST)] == []


def test_a_saved_plan_knows_its_own_folder_and_path():
    """After they are made, the rest of the plan can be applied; another owner is a change."""
    saved = plan(ABSENT)
    now = plan(READY)
    assert [step.kind for step in recheck(saved, now).steps] == ["miniconda", "environment"]
    bobs = replace(READY, paths="/bob/condabin")
    stale = recheck(plan(READY), plan(bobs))
    assert f"{PATHS_FILE} has changed" in (stale.reason or "")


def test_unsafe_files_are_named_and_counted():
    """With one command that repairs them all."""
    state = mac(prefix=PREFIX, sharing=READY)
    assert describe_unsafe_files([], state) is None
    said = describe_unsafe_files(["/a", "/b", "/c", "/d"], state) or ""
    assert ": /a, /b, /c and 1 more; run `chmod -R go-w,a+rX /opt/torchard`" in said
    assert "could not all be checked" in (describe_unsafe_files(["/a", "."], state) or "")


def test_a_shared_prefix_has_no_file_in_the_home():
    """The root of a Mac that shares nothing is in the home."""
    assert MAC.miniconda.root == mac(sharing=READY).root == f"{FOLDER}/.torchard"
    assert (Miniconda().root, mac().root) == ("~/.torchard", f"{HOME}/.torchard")

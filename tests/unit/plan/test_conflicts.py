"""Two names of a lab for one Mac, or for one directory on a file server."""

from __future__ import annotations

from dataclasses import replace

import locked
import pytest

from torchard.mac.state import RunLock
from torchard.mac.volume import Volume
from torchard.plan.conflicts import find_conflicts, find_other_run
from torchard.workspace.workspace import open_workspace

MAC = locked.mac(
    hardware="1111-11", boot="B1", home_volume=Volume("apfs", "/dev/disk3s5", locked.HOME)
)
OTHER = replace(MAC, hardware="2222-22", boot="B2")
NFS = Volume("nfs", "files:/homes", "/ann")


def conflicts(*states):
    names = [f"studio-0{number}" for number, _ in enumerate(states, 1)]
    by_name = dict(zip(names, states, strict=True))
    return {name: list(find_conflicts(name, by_name)) for name in names}


def test_macs_that_are_copies_of_one_disk_are_two_macs():
    """The same paths, account and volumes do not make one Mac."""
    assert conflicts(MAC, OTHER) == {"studio-01": [], "studio-02": []}


def test_one_mac_under_two_names_is_blocked_under_both():
    """Each reason names the other one."""
    found = conflicts(MAC, MAC, OTHER)
    for name, other in (("studio-01", "studio-02"), ("studio-02", "studio-01")):
        (said,) = found[name]
        assert said == (
            f"{other} is the same Mac (hardware UUID 1111-11) with the same directories; keep one"
            " of these names in the lab file"
        )
    assert found["studio-03"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"home": "/Users/bob", "prefix": "/Users/bob/miniconda3"},
        {"boot": "B2"},
        {"hardware": ""},
    ],
    ids=["another account", "a copied virtual machine", "unknown hardware"],
)
def test_two_accounts_of_one_mac_do_not_conflict(changes):
    """Each has its own home and prefix."""
    assert not any(conflicts(MAC, replace(MAC, **changes)).values())


def test_two_accounts_with_one_prefix_conflict():
    """Each has its own run lock, so neither waits for the other."""
    bob = replace(MAC, home="/Users/bob", prefix=MAC.prefix)
    assert all(conflicts(MAC, bob).values())


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (NFS, NFS),
        (NFS, Volume("nfs", "FILES:/homes/ann/", "")),
        (Volume("smbfs", "//ann@files/homes", "/a"), Volume("smbfs", "//bob@Files/homes/", "/a")),
        (Volume("afpfs", "afp_1", "/a"), Volume("afpfs", "afp_1", "/a")),
    ],
)
def test_one_home_on_a_file_server_blocks_both_macs(one, two):
    """The server's name and the path there decide, not the account or the mount point."""
    found = conflicts(replace(MAC, home_volume=one), replace(OTHER, home_volume=two))
    for (said,), other in zip(found.values(), ("studio-02", "studio-01"), strict=True):
        assert said.startswith("its home is on a file server (")
        assert f"), and {other} has the same home: two Macs cannot build in one place." in said
        assert "ssh.user" in said
        assert "@" not in said


def test_two_homes_on_one_server_do_not_conflict():
    """Nor does a volume of the Mac itself with the same name."""
    for other in (
        Volume("nfs", "files:/homes", "/bob"),
        Volume("nfs", "files2:/homes", "/ann"),
        Volume("apfs", NFS.source, NFS.inside),
    ):
        found = conflicts(replace(MAC, home_volume=NFS), replace(OTHER, home_volume=other))
        assert not any(found.values())


def test_one_prefix_on_a_file_server_blocks_both_macs():
    """Each home is on its own Mac, so their run locks do not exclude each other."""
    share = Volume("smbfs", "//lab@files/lab", "/conda")
    found = conflicts(replace(MAC, prefix_volume=share), replace(OTHER, prefix_volume=share))
    for said in found.values():
        assert said == [said[0]]
        assert said[0].startswith(
            "~/miniconda3 is on a file server (//files/lab/conda), and studio"
        )
        assert said[0].endswith("Set miniconda.prefix to a path on the Mac itself")


def test_a_run_on_another_mac_blocks():
    """It names that Mac, which knows more."""
    for is_ours in (False, True):
        lock = RunLock("t", "ada@desk", 0, elsewhere="studio-02.local", is_ours=is_ours)
        assert find_other_run("studio-01", lock) == (
            "a run of ada@desk on studio-02.local, which has the same home, holds the run lock; if"
            " nothing of Torchard runs on that Mac any more, remove the lock: `torchard unlock"
            " studio-01`"
        )


@pytest.mark.parametrize(
    ("lock", "says"),
    [
        (None, None),
        (RunLock("t", "ada@desk", 9), None),
        (RunLock("t", "ada@desk", 9, (41,), is_ours=True), None),
        (RunLock("t", "ada@desk", 9, until=99, is_ours=True), None),
        (RunLock("t", "ada@desk", 0, (41,)), "a run of ada@desk is at work there; wait for its"),
        (
            RunLock("t", "ada@desk", 1700000000, (41,)),
            "a run of ada@desk is at work there since 2023-11-1",
        ),
        (RunLock("t", "ada@desk", 10**20, (41,)), "is at work there since an unknown time; wait"),
        (
            RunLock("t", "ada@desk", 0, until=1700000000),
            "is at work there; its run lock ends at 2023-11-1",
        ),
    ],
)
def test_another_run_blocks_with_who_since_when_and_until_when(lock, says):
    """An ended run of this controller does not: an apply waits for what it left."""
    found = find_other_run("studio-01", lock)
    if says is None:
        assert found is None
    else:
        assert says in found
        assert found.endswith("; wait for its end, or see `torchard unlock studio-01`")


def test_the_second_mac_is_blocked_if_macs_are_read_one_by_one(tmp_path):
    """So the stock pyinfra command does not build in one place either."""
    path = tmp_path / "lab.yaml"
    macs = "".join(f"  studio-0{n}: {{environments: [torch]}}\n" for n in (1, 2))
    path.write_text(f'environments: {{torch: {{python: "3.12"}}}}\nmacs:\n{macs}', encoding="utf-8")
    space = open_workspace(path, locked=True)
    first, second = (
        space.find_target(space.find_mac(name), replace(MAC, arch="ppc")).blockers
        for name in ("studio-01", "studio-02")
    )
    assert not any("same Mac" in one for one in first)
    assert any("studio-01 is the same Mac" in one for one in second)

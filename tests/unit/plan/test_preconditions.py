"""What a plan depends on, fact by fact, and what it does not depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, INSTALLER, PREFIX, built, lock, mac, package, path_of, shown, wheel

from torchard.lab.model import MacHost, Ssh
from torchard.mac.state import InstalledConda, InstalledDist, OwnReport, Packages, ShellFile
from torchard.plan.preconditions import Precondition, hash_contents, list_preconditions

LOCK = lock([package("python", "3.12.13"), package("tk")], [wheel("torch", "2.2.2"), wheel("six")])
ONE = built(LOCK)
HOST = MacHost("studio-01", address="192.0.2.11", ssh=Ssh(user="ann", port=2222), shells=("zsh",))


def facts_of(host, state, *locks):
    return list_preconditions(host, state, {one.environment: one for one in locks})


def test_each_fact_of_a_mac_is_one_precondition():
    """The Mac, its Miniconda, then the locks, the environments and the shells of the lab."""
    state = replace(
        shown(LOCK),
        conda_version="26.5.3",
        prefix_ours={"sha256": INSTALLER.sha256},
        shell_files={".zshrc": ShellFile(f"{HOME}/.zshrc", "file", "block")},
    )
    *facts, shell = facts_of(HOST, state, LOCK)
    assert facts == [
        Precondition("address", "", "ann@192.0.2.11:2222"),
        Precondition("delivery", "", "push"),
        Precondition("arch", "", "arm64"),
        Precondition("macos", "", "15.1"),
        Precondition("user", "", "ann"),
        Precondition("home", "", HOME),
        Precondition("prefix", "", PREFIX),
        Precondition("prefix_state", "", "whole"),
        Precondition("conda", "", "26.5.3"),
        Precondition("installer", "", INSTALLER.sha256),
        Precondition("prefix_made_for", "", None),
        Precondition("lock", "torch", LOCK.digest),
        Precondition("environment", "torch", "generation"),
        Precondition("target", "torch", path_of(LOCK)),
        Precondition("contents", "torch", hash_contents(ONE)),
    ]
    assert (shell.kind, shell.subject, len(shell.value)) == ("shell", "~/.zshrc", 64)


def test_a_mac_without_anything_has_the_same_preconditions():
    """Their values say that there is nothing. This Mac needs no address."""
    facts = facts_of(replace(HOST, connection="local"), mac(prefix_state="absent"), LOCK)
    assert [one.value for one in facts if one.kind in {"conda", "installer", "contents"}] == [
        None
    ] * 3
    assert Precondition("environment", "torch", "nothing") in facts
    assert Precondition("shell", "~/.zshrc", None) in facts
    assert facts[0] == Precondition("address", "", "this Mac")


@pytest.mark.parametrize(
    "changes",
    [
        {"whole": False},
        {"damaged": True},
        {"frozen": True},
        {"conda": ONE.conda[1:]},
        {"conda": (*ONE.conda, InstalledConda("htop", "3.4", "h0_0"))},
        {"conda": (replace(ONE.conda[0], build="h9_9"), *ONE.conda[1:])},
        {"conda": (replace(ONE.conda[0], sha256=None), *ONE.conda[1:])},
        {"dists": ONE.dists[1:]},
        {"dists": (*ONE.dists, InstalledDist("einops", "0.8.1"))},
        {"stamp": None},
        {"stamp": {}},
        {"stamp": {**ONE.stamp, "verification": None}},
        {"condarc": None},
        {"missing": ("python",)},
        {"moved_from": "/elsewhere"},
    ],
)
def test_each_change_of_an_environment_is_another_precondition(changes):
    """A plan that was saved before must be made again."""
    assert hash_contents(replace(ONE, **changes)) != hash_contents(ONE)


def test_an_order_or_a_list_of_another_time_is_not_a_precondition():
    """A file system lists its files in any order."""
    same = replace(
        ONE,
        conda=ONE.conda[::-1],
        dists=ONE.dists[::-1],
        made=Packages(),
        failed=("2026-11-29", "a is missing"),
        own=OwnReport(error="a person works in it all the time"),
    )
    assert hash_contents(same) == hash_contents(ONE)

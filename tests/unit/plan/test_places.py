"""What a plan says of the places where Torchard would work: guarded, or without programs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, INSTALLER, lock, mac, package

from torchard.lab.model import MacHost
from torchard.mac.state import Volume
from torchard.plan.places import find_place_warnings
from torchard.plan.plan import Target, plan_mac

LOCK = lock([package("python", "3.12.13")])
MAC = MacHost("studio-01")
REMOTE = (
    "System Settings > General > Sharing > Remote Login > Allow full disk access for remote users"
)
LOCAL = "System Settings > Privacy & Security > Full Disk Access for your terminal"
DOCUMENTS = f"{HOME}/Documents"
AT = mac(prefix=f"{DOCUMENTS}/conda", prefix_state="foreign", prefix_arch=None)


def reason(state, host=MAC):
    """Return why a Mac is refused on which a prefix and an environment are to be made, if it is."""
    return plan_mac(Target(host, state, installer=INSTALLER, locks={"torch": LOCK})).reason


@pytest.mark.parametrize(("connection", "settings"), [("ssh", REMOTE), ("local", LOCAL)])
def test_a_folder_that_macos_guards_blocks_and_is_not_judged(connection, settings):
    """What stands there cannot be seen, and it needs no other account."""
    state = replace(AT, guarded=(DOCUMENTS, False), unwritable=(DOCUMENTS,))
    assert reason(state, replace(MAC, connection=connection)) == (
        "~/Documents/conda lies in ~/Documents, which macOS guards: Torchard may not even list it."
        f" Turn on {settings}, or set miniconda.prefix to another path, such as ~/miniconda3"
    )


def test_where_torchard_has_been_let_in_a_plan_warns():
    """It may be let out again; another volume is often there for just that."""
    state = replace(AT, prefix_state="absent", guarded=(DOCUMENTS, True))
    assert reason(state) is None
    (said,) = find_place_warnings(MAC, state)
    assert said == (
        "~/Documents/conda lies in ~/Documents, which macOS guards and iCloud may empty: it works"
        " only while programs are let in there. Set miniconda.prefix to another path, such as"
        f" ~/miniconda3, or keep {REMOTE} turned on"
    )
    assert not list(find_place_warnings(MAC, replace(state, guarded=("/Volumes/Data", True))))
    assert not list(find_place_warnings(MAC, mac()))


def test_a_volume_that_runs_no_program_blocks():
    """A home, and with it the generations; or the prefix alone."""
    noexec = Volume("nfs", "files:/homes", executes=False)
    assert reason(mac(home_volume=noexec, prefix_volume=noexec)) == (
        "its home is on a volume that is mounted noexec, where no program runs; name an account"
        " with another home in ssh.user"
    )
    assert reason(mac(prefix_volume=noexec)) == (
        "~/miniconda3 is on a volume that is mounted noexec, where no program runs; set"
        " miniconda.prefix to another path"
    )

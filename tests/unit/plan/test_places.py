"""What a plan says of folders that macOS protects, and of volumes without programs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, INSTALLER, lock, mac, package

from torchard.lab.model import MacHost
from torchard.mac.volume import Volume
from torchard.plan.places import find_place_warnings
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target

LOCK = lock([package("python", "3.12.13")])
MAC = MacHost("studio-01")
REMOTE = (
    "System Settings > General > Sharing > Remote Login > Allow full disk access for remote users"
)
LOCAL = "System Settings > Privacy & Security > Full Disk Access for your terminal"
DOCUMENTS = f"{HOME}/Documents"
AT = mac(prefix=f"{DOCUMENTS}/conda", prefix_state="foreign", prefix_arch=None)


def reason(state, host=MAC):
    """Return why a Mac is blocked that needs a prefix and an environment, or None."""
    return plan_mac(Target(host, state, installer=INSTALLER, locks={"torch": LOCK})).reason


@pytest.mark.parametrize(("connection", "settings"), [("ssh", REMOTE), ("local", LOCAL)])
def test_a_folder_that_macos_protects_blocks(connection, settings):
    """Torchard cannot see what is in it, so that is the only reason."""
    state = replace(AT, guarded=(DOCUMENTS, False), unwritable=(DOCUMENTS,))
    assert reason(state, replace(MAC, connection=connection)) == (
        "~/Documents/conda lies in ~/Documents, which macOS protects: Torchard may not even"
        " list it."
        f" Turn on {settings}, or set miniconda.prefix to another path, such as ~/miniconda3"
    )


def test_a_plan_warns_of_a_protected_folder_with_access():
    """The access may end. A prefix on another volume is not a warning."""
    state = replace(AT, prefix_state="absent", guarded=(DOCUMENTS, True))
    assert reason(state) is None
    (said,) = find_place_warnings(MAC, state)
    assert said == (
        "~/Documents/conda lies in ~/Documents, which macOS protects and iCloud may empty: conda"
        " works only while programs have access to it. Set miniconda.prefix to another path,"
        f" such as ~/miniconda3, or keep {REMOTE} turned on"
    )
    assert not list(find_place_warnings(MAC, replace(state, guarded=("/Volumes/Data", True))))
    assert not list(find_place_warnings(MAC, mac()))


def test_a_volume_that_runs_no_program_blocks():
    """It may have the home with the generations, or only the prefix."""
    noexec = Volume("nfs", "files:/homes", executes=False)
    assert reason(mac(home_volume=noexec, prefix_volume=noexec)) == (
        "its home is on a volume that is mounted noexec, where no program runs; name an account"
        " with another home in ssh.user"
    )
    assert reason(mac(prefix_volume=noexec)) == (
        "~/miniconda3 is on a volume that is mounted noexec, where no program runs; set"
        " miniconda.prefix to another path"
    )


def test_a_plan_warns_of_a_place_that_every_account_may_write_to():
    """It says what to type; nothing is blocked."""
    state = replace(mac(), world_writable=(f"{HOME}/.torchard",))
    (said,) = find_place_warnings(MAC, state)
    assert said == (
        "every account of this Mac may write to ~/.torchard, and so change what runs there; run"
        " `chmod o-w ~/.torchard` on it"
    )
    assert reason(state) is None

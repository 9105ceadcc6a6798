"""What an account on a Mac must be able to do, and what a plan says if it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, INSTALLER, PREFIX, built, lock, mac, package, path_of

from torchard.catalog.catalog import load_catalog
from torchard.lab.model import MacHost
from torchard.lock.lockfile import Wheel
from torchard.mac.volume import Volume
from torchard.plan.disk import is_short_of_disk
from torchard.plan.places import find_place_warnings
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target
from torchard.plan.warnings import find_mac_warnings

LOCK = lock([package("python", "3.12.13")])
MAC = MacHost("studio-01")
DAY = 86400
CATALOGUE = load_catalog()


def reason(**changes):
    """Return why a Mac is blocked that needs a prefix and an environment, or None."""
    state = mac(prefix_state="absent", prefix_arch=None, **changes)
    return plan_mac(Target(MAC, state, installer=INSTALLER, locks={"torch": LOCK})).reason


def test_a_prefix_that_the_account_cannot_create_blocks():
    """The reason names the directory, the account, and two things to do."""
    assert (
        "ann may not write to /opt; name another account in ssh.user, or set miniconda.prefix to a"
        " path below its home"
    ) in reason(prefix="/opt/miniconda3", unwritable=("/opt",))


def test_a_miniconda_outside_the_home_is_not_installed():
    """Its environments would be closed to the accounts that it is meant for."""
    said = reason(prefix="/opt/miniconda3")
    assert said.startswith("/opt/miniconda3 is outside the home of ann, and its environments would")
    assert "write `miniconda: {prefix: ~/miniconda3}`" in said
    assert reason(prefix="/Volumes/Data/miniconda3") is None
    assert reason(prefix=f"{HOME}/conda/mini") is None


def test_a_persons_conda_outside_the_home_is_used_with_a_warning():
    """Such as Homebrew's."""
    state = mac(prefix="/opt/homebrew/Caskroom/miniconda/base", links={})
    found = list(find_place_warnings(replace(MAC, environments=("torch",)), state))
    assert ["other accounts that use this conda" in one for one in found] == [True]
    assert list(find_place_warnings(replace(MAC, environments=()), state)) == []


def test_every_unwritable_directory_is_named():
    """Those in the home with `~`."""
    said = reason(unwritable=("/opt", f"{HOME}/.torchard"))
    assert "ann may not write to /opt;" in said
    assert "ann may not write to ~/.torchard;" in said


def test_the_output_of_a_shell_is_quoted_without_control_characters():
    """On one line, in quotes, and not too long."""
    said = reason(printed_at_start="\x1b[2JWelcome " + "x" * 100)
    assert said.startswith('its shell prints "\\u001b[2JWelcome xxx')
    assert "…" in said
    assert "~/.zshenv" in said


def test_a_mac_that_is_up_to_date_may_have_both():
    """Torchard has nothing to write or to send there."""
    state = mac(built(LOCK), links={"torch": path_of(LOCK)})
    state = replace(state, unwritable=(f"{PREFIX}/envs",), printed_at_start="hello")
    assert plan_mac(Target(MAC, state, locks={"torch": LOCK})).state == "up_to_date"


def test_a_home_with_a_space_blocks():
    """Miniconda's installer rejects it, and the environments are in the home too."""
    assert reason(home="/Users/Ann Lee", prefix="/Users/Ann Lee/miniconda3") == (
        "its home is /Users/Ann Lee, and conda does not work in a path with spaces: name another"
        " account in ssh.user"
    )
    assert reason(home="/Users/Zoë", prefix="/Users/Zoë/miniconda3") is None


@pytest.mark.parametrize(
    ("ahead", "says"),
    [
        (-365 * DAY - 60, "its clock is 365 days behind this computer's, "),
        (DAY + 60, "its clock is 1 day ahead of this computer's, "),
        (DAY - 60, None),
        (60 - DAY, None),
    ],
)
def test_a_clock_that_is_a_day_off_is_a_warning(ahead, says):
    """Torchard does not know which of the two clocks is right."""
    now = 1_800_000_000
    notes = list(find_mac_warnings(MAC, mac(clock=now + ahead), CATALOGUE, now))
    assert [note.startswith(says) for note in notes] == [True] * (says is not None)


def test_a_clock_that_was_not_read_is_not_a_warning():
    """As of a Mac whose `date` does not say."""
    assert list(find_mac_warnings(MAC, mac(clock=0), CATALOGUE, 1_800_000_000)) == []


def test_a_volume_that_is_not_mounted_is_the_only_reason():
    """What is at its mount point does not matter."""
    for state in ("foreign", "absent"):
        at = mac(
            prefix_state=state,
            prefix_arch=None,
            unmounted=("/Volumes/Data",),
            unwritable=("/Volumes",),
        )
        assert plan_mac(Target(MAC, at, installer=INSTALLER, locks={"torch": LOCK})).reason == (
            "the volume /Volumes/Data is not mounted, and ~/miniconda3 or ~/.torchard leads there:"
            " connect or mount it, or set miniconda.prefix to another path"
        )


@pytest.mark.parametrize(
    ("volume", "copies"),
    [(None, 2), (Volume("apfs", "x"), 2), (Volume("nfs", "x"), 2), (Volume("smbfs", "//x/y"), 3)],
)
def test_without_hard_links_a_build_needs_disk_for_one_more_copy(volume, copies):
    """The artefacts are in the depot, and copied beside it for conda and pip."""
    state = mac(home_volume=volume)
    plan = plan_mac(Target(MAC, state, locks={"torch": LOCK}))
    assert plan.disk.needed == copies * LOCK.size


@pytest.mark.parametrize(("kind", "free"), [("apfs", 2 * 30), ("nfs", 0)])
def test_a_wheel_of_another_generation_needs_no_disk_on_apfs(kind, free):
    """The depot has it, and files of a generation can be cloned."""
    wheels = [
        Wheel(name, "1", f"{name}.whl", name * 64, size) for name, size in (("a", 30), ("b", 9))
    ]
    wanted = lock([package("python", "3.12.13")], wheels)
    state = mac(home_volume=Volume(kind, "x"), depot={"a" * 64: 30, "b" * 64: 8})
    plan = plan_mac(Target(MAC, state, locks={"torch": wanted}))
    assert plan.disk.needed == 2 * wanted.size - free


@pytest.mark.parametrize(
    ("room", "state", "says"),
    [
        (None, "blocked", "need more than 0 kB; make room"),
        (0, "blocked", "need more than 0 kB; make room"),
        (LOCK.size, "blocked", "macOS would make room for 0 kB only; make more room"),
        (2 * LOCK.size, "change", "macOS says that it makes room for 0 kB when needed"),
    ],
)
def test_what_macos_can_purge_counts_as_free_disk(room, state, says):
    """The plan warns that it counts on that, and blocks nothing."""
    target = Target(MAC, mac(free=1, room=room), locks={"torch": LOCK})
    plan = plan_mac(target)
    assert plan.state == state
    (said,) = plan.warnings or (plan.reason,)
    assert said.startswith("its disk has 0 kB free, and these packages need")
    assert said.endswith(says)
    assert is_short_of_disk(target) is (room is None)


def test_an_installer_counts_only_what_df_says():
    """Miniconda's installer asks df itself, and stops."""
    installer = replace(INSTALLER, disk=1000)
    state = mac(prefix_state="absent", prefix_arch=None, free=999, room=10**9)
    assert plan_mac(Target(MAC, state, installer=installer, locks={"torch": LOCK})).reason == (
        "its disk has 0 kB free, and Miniconda and these packages need more than 1 kB; make room"
    )
    state = replace(state, free=1000)
    plan = plan_mac(Target(MAC, state, installer=installer, locks={"torch": LOCK}))
    assert plan.state == "change"


def test_macos_is_not_asked_if_df_says_enough():
    """If nothing is to be built, any disk is enough."""
    assert not is_short_of_disk(Target(MAC, mac(free=2 * LOCK.size), locks={"torch": LOCK}))
    built_already = mac(built(LOCK), links={"torch": path_of(LOCK)}, free=1)
    assert not is_short_of_disk(Target(MAC, built_already, locks={"torch": LOCK}))

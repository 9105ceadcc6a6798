"""What an account on a Mac must be able to do, and what is said of one that cannot: in the plan."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from locked import HOME, INSTALLER, PREFIX, built, lock, mac, package, path_of

from torchard.catalog.catalog import load_catalog
from torchard.lab.model import MacHost
from torchard.mac.state import Volume
from torchard.plan.plan import Target, is_short_of_disk, plan_mac
from torchard.plan.warnings import find_mac_warnings

LOCK = lock([package("python", "3.12.13")])
MAC = MacHost("studio-01")
DAY = 86400
CATALOGUE = load_catalog()


def reason(**changes):
    """Return why a Mac is refused on which a prefix and an environment are to be made, if it is."""
    state = mac(prefix_state="absent", prefix_arch=None, **changes)
    return plan_mac(Target(MAC, state, installer=INSTALLER, locks={"torch": LOCK})).reason


def test_a_prefix_that_the_account_cannot_make_is_refused():
    """The directory that is in the way, the account, and the two ways out."""
    assert reason(prefix="/opt/miniconda3", unwritable=("/opt",)) == (
        "ann may not write to /opt; name another account in ssh.user, or set miniconda.prefix to a"
        " path below its home"
    )


def test_every_directory_in_the_way_is_named():
    """Those in the home with a tilde."""
    said = reason(unwritable=("/opt", f"{HOME}/.torchard"))
    assert "ann may not write to /opt;" in said
    assert "ann may not write to ~/.torchard;" in said


def test_a_shell_that_prints_is_quoted_without_what_a_terminal_would_read():
    """Whatever it prints, it is one line, in quotes, and not too long."""
    said = reason(noise="\x1b[2JWelcome " + "x" * 100)
    assert said.startswith('its shell prints "\\u001b[2JWelcome xxx')
    assert "…" in said
    assert "~/.zshenv" in said


def test_a_mac_with_nothing_to_do_needs_neither():
    """What nobody has to write, or to send, stands in nobody's way."""
    state = mac(built(LOCK), links={"torch": path_of(LOCK)})
    state = replace(state, unwritable=(f"{PREFIX}/envs",), noise="hello")
    assert plan_mac(Target(MAC, state, locks={"torch": LOCK})).state == "up_to_date"


def test_a_home_with_a_space_is_refused():
    """Miniconda's installer takes none, and the environments are below the home as well."""
    assert reason(home="/Users/Ann Lee") == (
        "its home is /Users/Ann Lee, and conda cannot live in a path with spaces: name another"
        " account in ssh.user"
    )
    assert reason(home="/Users/Zoë") is None


@pytest.mark.parametrize(
    ("ahead", "says"),
    [
        (-365 * DAY - 60, "its clock is 365 days behind this computer's, "),
        (DAY + 60, "its clock is 1 day ahead of this computer's, "),
        (DAY - 60, None),
        (60 - DAY, None),
    ],
)
def test_a_clock_is_worth_a_note_from_a_day_on(ahead, says):
    """Which of the two is right nobody knows."""
    state = mac(clock=int(time.time()) + ahead)
    notes = list(find_mac_warnings(MAC, state, CATALOGUE))
    assert [note.startswith(says) for note in notes] == [True] * (says is not None)


def test_a_clock_that_nobody_read_is_worth_none():
    """As of a Mac whose `date` does not say."""
    assert list(find_mac_warnings(MAC, mac(clock=0), CATALOGUE)) == []


def test_a_volume_that_is_not_mounted_is_named_and_nothing_else():
    """What stands there without it is not judged, and needs no other account."""
    for state in ("foreign", "absent"):
        at = mac(
            prefix_state=state,
            prefix_arch=None,
            unmounted=("/Volumes/Data",),
            unwritable=("/Volumes",),
        )
        assert plan_mac(Target(MAC, at, installer=INSTALLER, locks={"torch": LOCK})).reason == (
            "the volume /Volumes/Data is not mounted, and ~/miniconda3 or ~/.torchard leads there:"
            " attach or mount it, or set miniconda.prefix to another path"
        )


@pytest.mark.parametrize(
    ("volume", "copies"),
    [(None, 2), (Volume("apfs", "x"), 2), (Volume("nfs", "x"), 2), (Volume("smbfs", "//x/y"), 3)],
)
def test_without_hard_links_a_build_needs_room_for_one_more_copy(volume, copies):
    """What it is built from lies in the depot, and beside it for conda and pip."""
    state = mac(home_volume=volume)
    plan = plan_mac(Target(MAC, state, locks={"torch": LOCK}))
    assert plan.disk.needed == copies * LOCK.size


@pytest.mark.parametrize(
    ("room", "state", "says"),
    [
        (None, "blocked", "need more than 0 MB; make room"),
        (0, "blocked", "need more than 0 MB; make room"),
        (LOCK.size, "blocked", "macOS would make room for 0 MB only; make more room"),
        (2 * LOCK.size, "change", "macOS says that it makes room for 0 MB when needed"),
    ],
)
def test_what_macos_would_purge_counts_as_room(room, state, says):
    """The plan says that it counts on that, and stops nothing."""
    target = Target(MAC, mac(free=1, room=room), locks={"torch": LOCK})
    plan = plan_mac(target)
    assert plan.state == state
    (said,) = plan.warnings or (plan.reason,)
    assert said.startswith("its disk has 0 MB free, and these packages need")
    assert said.endswith(says)
    assert is_short_of_disk(target) is (room is None)


def test_an_installer_goes_by_df_alone():
    """Miniconda's own asks df, and stops; so what macOS would purge is no room for it."""
    installer = replace(INSTALLER, disk=1000)
    state = mac(prefix_state="absent", prefix_arch=None, free=999, room=10**9)
    assert plan_mac(Target(MAC, state, installer=installer, locks={"torch": LOCK})).reason == (
        "its disk has 0 MB free, and Miniconda and these packages need more than 0 MB; make room"
    )
    state = replace(state, free=1000)
    plan = plan_mac(Target(MAC, state, installer=installer, locks={"torch": LOCK}))
    assert plan.state == "change"


def test_nobody_asks_macos_where_df_says_enough():
    """Where nothing is to be built, any room is enough."""
    assert not is_short_of_disk(Target(MAC, mac(free=2 * LOCK.size), locks={"torch": LOCK}))
    built_already = mac(built(LOCK), links={"torch": path_of(LOCK)}, free=1)
    assert not is_short_of_disk(Target(MAC, built_already, locks={"torch": LOCK}))

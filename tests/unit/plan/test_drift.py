"""What people changed in a Mac's environments since Torchard built them, and whose they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import GENERATIONS, INSTALLER, PREFIX, built, lock, mac, package, stamp, wheel

from torchard.lab.model import MacHost
from torchard.mac.state import InstalledConda, InstalledDist, InstalledEnvironment, Packages
from torchard.plan.drift import EnvironmentStatus, Verified, find_drift

LOCK = lock(
    [
        package("python", "3.12.13"),
        package("requests", "2.32.0", provides=[("requests", "2.32.0")]),
    ],
    [wheel("torch", "2.2.2"), wheel("einops", "0.8.1")],
)
MADE = Packages(built(LOCK).conda, built(LOCK).dists)
OURS = {"sha256": INSTALLER.sha256, "version": INSTALLER.version}
VERIFIED = {**stamp(LOCK), "date": "2026-11-26 10:31:22", "condarc": LOCK.condarc}
VERIFICATION = "verified 2026-11-26: python 3.12.13 None"
HOST = MacHost("studio-01", environments=("torch",))
GIT = InstalledConda("git", "2.51.2", "h0_0", "a" * 64)


def as_made(**changes):
    """Return the environment as it was built, or with changes."""
    return replace(built(LOCK, made=MADE, stamp=VERIFIED), **changes)


def on_a_mac(environment, links=None, **changes):
    """Return the status of a Mac that has one environment."""
    state = mac(environment, links=links or {"torch": environment.path}, **changes)
    return find_drift(HOST, state)


def drift_of(environment, **changes):
    """Return the status of the environment `torch`."""
    return on_a_mac(environment, **changes)[1]


def packages_of(standing):
    return [(one.change, one.name, one.before, one.after, one.note) for one in standing.packages]


def test_a_stamp_of_other_types_verifies_nothing():
    """The Mac may have sent anything: a number is not a version, and words are not a date."""
    found = {"python": 3, "torch": ["x"], "mps": "yes", "machine": "m" * 999}
    stamp = {**VERIFIED, "date": "2026-11-26 at noon", "verification": found}
    verified = drift_of(as_made(stamp=stamp)).verified
    assert verified == Verified("2026-11-26", machine="m" * 100)


def test_an_unchanged_environment_is_the_same_with_its_last_verification():
    """A file system may list its files in any order."""
    assert drift_of(as_made()) == EnvironmentStatus(
        "torch",
        "lab",
        "same",
        verification=VERIFICATION,
        verified=Verified("2026-11-26 10:31:22", "3.12.13", mps=True),
    )
    made = Packages(MADE.conda[::-1], MADE.dists[::-1])
    assert drift_of(as_made(made=made)).since == "same"


@pytest.mark.parametrize(
    ("changes", "change"),
    [
        (
            {"conda": (*MADE.conda, GIT)},
            ("add", "git", None, "2.51.2", "not in the lock; installed by hand"),
        ),
        ({"conda": MADE.conda[1:]}, ("remove", "python", "3.12.13", None, "removed by hand")),
        (
            {"conda": (replace(MADE.conda[0], version="3.12.9"), MADE.conda[1])},
            ("update", "python", "3.12.13", "3.12.9", "altered by hand"),
        ),
        (
            {"conda": (replace(MADE.conda[0], build="h9_9"), MADE.conda[1])},
            ("update", "python", "3.12.13=h0_0", "3.12.13=h9_9", "altered by hand"),
        ),
        (
            {"dists": (*MADE.dists, InstalledDist("Cow_Say", "6.1"))},
            ("add", "cow-say", None, "6.1", "not in the lock; installed by hand"),
        ),
        ({"dists": MADE.dists[:-1]}, ("remove", "einops", "0.8.1", None, "removed by hand")),
        (
            {"dists": (*MADE.dists, InstalledDist("einops", "0.7.0"))},
            ("update", "einops", "0.8.1", "0.7.0, 0.8.1", "altered by hand"),
        ),
        (  # what conda took away with its record is one change
            {"conda": MADE.conda[:1], "dists": MADE.dists[1:]},
            ("remove", "requests", "2.32.0", None, "removed by hand"),
        ),
        (  # what pip did behind conda's back is its own
            {"dists": (InstalledDist("requests", "2.0"), *MADE.dists[1:])},
            ("update", "requests", "2.32.0", "2.0", "altered by hand"),
        ),
    ],
)
def test_each_change_of_a_package_is_reported_once(changes, change):
    """By conda and by pip: added, updated and removed."""
    standing = drift_of(as_made(**changes))
    assert (standing.since, packages_of(standing)) == ("modified", [change])


def test_without_a_list_of_the_time_of_the_build_the_status_is_unknown():
    """It is not `same` either."""
    standing = drift_of(as_made(made=None, conda=()))
    assert (standing.since, standing.packages, standing.verification) == (
        "unknown",
        (),
        VERIFICATION,
    )


def test_settings_are_compared_with_those_of_the_build():
    """Not with those that the lab asks for now. A login in them is hidden."""
    (file,) = drift_of(as_made(condarc="channels: [https://ann:pw@host/x]\n")).files
    assert file.path == "~/miniconda3/envs/torch/.condarc"
    assert (file.before, file.after) == (LOCK.condarc, "channels: [https://host/x]\n")
    (file,) = drift_of(as_made(condarc=None)).files
    assert file.after is None
    assert drift_of(as_made(stamp=stamp(LOCK), condarc=None)).files == ()


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"stamp": None}, "its stamp is gone or broken"),
        ({"stamp": {}}, "its stamp is gone or broken"),
        (
            {"stamp": {**VERIFIED, "environment": "x"}},
            "its link leads to another environment's gen",
        ),
        ({"stamp": {**VERIFIED, "verification": None}}, "it was never verified"),
        ({"whole": False, "missing": ("history",)}, "its conda-meta/history is gone"),
        ({"whole": False, "missing": ("python",)}, "its python is gone"),
        ({"whole": False, "missing": ("records",)}, "its conda-meta has no record of a package"),
        (
            {"whole": False, "moved_from": "/Users/old/x"},
            "it was built at /Users/old/x and has mov",
        ),
        (
            {"failed": ("2026-11-29", "einops is missing")},
            "its last verification failed on 2026-11-29: einops is missing; `torchard apply --reb",
        ),
        ({"damaged": True}, "an interrupted conda left it damaged"),
    ],
)
def test_each_fault_is_a_remark(changes, remark):
    """The environment counts as modified, even if every package is the same."""
    standing = drift_of(as_made(**changes))
    assert standing.since == "modified"
    assert standing.remarks[0].startswith(remark)


@pytest.mark.parametrize("date", [None, 5, "yesterday", "2026-11-26x"])
def test_a_date_that_is_not_a_day_is_left_out(date):
    """Anybody can write a stamp on the Mac."""
    standing = drift_of(as_made(stamp={**VERIFIED, "date": date}))
    assert standing.verification == "verified: python 3.12.13 None"


def test_a_removed_link_is_not_an_environment_that_was_never_built():
    """Its generations show that it was there. A link that leads nowhere has none."""
    one = as_made()
    gone = find_drift(HOST, mac(one))[1]
    assert gone == EnvironmentStatus("torch", "lab", "gone", remarks=("its link is gone",))
    assert find_drift(HOST, mac())[1].remarks == ("not there yet",)
    dangling = find_drift(HOST, mac(links={"torch": one.path}))[1]
    assert (dangling.since, dangling.remarks) == ("gone", ("its link leads nowhere",))


def test_a_person_may_have_made_what_is_under_a_name_of_the_lab():
    """Torchard knows nothing else about it."""
    for target, said in ((None, "it is not a link"), ("/opt/x", "it is a link to /opt/x")):
        one = find_drift(HOST, mac(links={"torch": target}))[1]
        assert (one.owner, one.since, one.remarks) == ("person", "unknown", (said,))


def test_an_environment_that_the_lab_does_not_name_is_torchards_or_a_persons():
    """Its stamp decides, or its name without a stamp. Folders and files are left out."""
    theirs = InstalledEnvironment(f"{PREFIX}/envs/thesis", whole=True)
    folder = InstalledEnvironment(f"{PREFIX}/envs/folder", whole=False)
    state = mac(
        as_made(stamp={**VERIFIED, "environment": "old"}, path=f"{GENERATIONS}/old-12345678"),
        as_made(stamp=None, path=f"{GENERATIONS}/lost-12345678.2"),
        theirs,
        folder,
        links={
            "thesis": None,
            "folder": None,
            "old": f"{GENERATIONS}/old-12345678",
            "alias": f"{GENERATIONS}/old-12345678",
            "lost": f"{GENERATIONS}/lost-12345678.2",
            "gone": f"{GENERATIONS}/gone-87654321",
            "opt": "/opt/x",
        },
    )
    said = {one.environment: (one.owner, one.since) for one in find_drift(HOST, state)[2:]}
    assert said == {
        "alias": ("person", "unknown"),
        "gone": ("torchard", "gone"),
        "lost": ("torchard", "modified"),
        "old": ("torchard", "same"),
        "opt": ("person", "unknown"),
        "thesis": ("person", "unknown"),
    }


BASE = InstalledEnvironment(PREFIX, whole=True, conda=MADE.conda, dists=MADE.dists, made=MADE)


def test_the_base_is_compared_with_what_was_installed():
    """It has no lock, so a new package has no note of that."""
    state = mac(base=BASE, prefix_ours=OURS, conda_version="26.5.3")
    assert find_drift(HOST, state)[0] == EnvironmentStatus(None, "lab", "same", version="26.5.3-1")
    changed = replace(state, base=replace(BASE, conda=(*MADE.conda, GIT)))
    (change,) = packages_of(find_drift(HOST, changed)[0])
    assert change == ("add", "git", None, "2.51.2", "installed by hand")
    own = replace(state, prefix_ours={**OURS, "version": ""})
    assert find_drift(HOST, own)[0].version == "26.5.3"


def test_a_miniconda_of_a_person_is_theirs():
    """Torchard does not know what was in it."""
    state = mac(base=replace(BASE, made=None))
    expected = EnvironmentStatus(None, "person", "unknown", version="of an unknown version")
    assert find_drift(HOST, state)[0] == expected


@pytest.mark.parametrize(
    ("prefix_state", "environments", "expected"),
    [
        ("absent", (), ("lab", "same", "none at ~/miniconda3")),
        ("absent", (built(LOCK),), ("lab", "gone", "none at ~/miniconda3")),
        ("half", (), ("lab", "unknown", "half installed at ~/miniconda3")),
        ("foreign", (), ("person", "unknown", "no Miniconda at ~/miniconda3")),
    ],
)
def test_a_missing_miniconda_is_a_remark(prefix_state, environments, expected):
    """Generations show that there was one."""
    one = find_drift(HOST, mac(*environments, prefix_state=prefix_state))[0]
    assert (one.owner, one.since, *one.remarks) == expected


def test_a_miniconda_that_has_moved_is_a_remark():
    """Its conda does not run."""
    state = mac(base=BASE, prefix_ours=OURS, prefix_made_for="/Users/former/miniconda3")
    one = find_drift(HOST, state)[0]
    remark = "it was installed at /Users/former/miniconda3 and has moved"
    assert (one.since, one.remarks) == ("modified", (remark,))


def test_conda_may_remove_what_pip_installed_and_pip_what_conda_installed():
    """A distribution that is gone without its record is removed, not updated."""
    one = drift_of(as_made(dists=MADE.dists[1:]))
    assert packages_of(one) == [("remove", "requests", "2.32.0", None, "removed by hand")]

"""An environment against its lock: each package stays, or is added, updated or removed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import built, lock, package, sha256, wheel

from torchard.mac.state import InstalledConda, InstalledDist
from torchard.plan.diff import OTHER_FILE, PackageChange, compare, compare_locks, is_same_version

NUMPY = package("numpy", "2.0", provides=[("numpy", "2.0")])
LOCK = lock(
    [package("python", "3.12.13"), package("pip", "25.1", provides=[("pip", "25.1")]), NUMPY],
    [wheel("einops"), wheel("torch", "2.2.2"), wheel("torchvision", "0.17.2")],
)
FREE = lock([package("python", "3.12.13")], [wheel("numpy", "1.26.4")], variant=None)


def changes(locked, before, depot=None):
    return compare(locked, before, depot or {})[0]


def test_an_environment_as_locked_keeps_every_package():
    """Nothing changes, however its distributions spell their names."""
    assert compare(LOCK, built(LOCK), {}) == ((), 6)
    named = lock([], [wheel("ruamel-yaml"), wheel("jinja2")])
    dists = (InstalledDist("Jinja2", "1.0.0"), InstalledDist("ruamel.yaml", "1.0"))
    assert compare(named, built(named, dists=dists), {}) == ((), 2)


def test_a_lock_is_compared_with_the_one_before():
    """A package that moved is a change, also if only the file of its version is another one."""
    torch, einops = wheel("torch", "2.3.0"), replace(wheel("einops"), sha256=sha256("other"))
    after = lock(LOCK.conda[:2], [einops, torch, wheel("torchvision", "0.17.2")])
    assert [
        (one.change, one.name, one.before, one.after, one.source)
        for one in compare_locks(LOCK, after)
    ] == [
        ("remove", "numpy", "2.0", None, "conda-forge"),
        ("update", "torch", "2.2.2", "2.3.0", "wheel"),
        ("update", "einops", "1.0", "1.0", "wheel"),
    ]
    assert compare_locks(LOCK, after)[-1].note == OTHER_FILE
    assert compare_locks(LOCK, LOCK) == ()


def test_a_new_environment_adds_every_package():
    """Those of conda in the lock's order, then torch, its companions and the other wheels."""
    added, kept = compare(LOCK, None, {})
    assert kept == 0
    assert [(one.change, one.name, one.source) for one in added] == [
        ("add", "python", "conda-forge"),
        ("add", "pip", "conda-forge"),
        ("add", "numpy", "conda-forge"),
        ("add", "torch", "wheel"),
        ("add", "torchvision", "wheel"),
        ("add", "einops", "wheel"),
    ]
    assert [one.before for one in added] == [None] * 6
    assert [one.note for one in added] == [
        *("", "", "torch 2.2.2 needs numpy < 2"),
        *("MPS expected", "", ""),
    ]


def test_an_artefact_in_the_macs_depot_costs_no_bytes():
    """Unless the file there is incomplete."""
    torch, einops = wheel("torch", "2.2.2"), wheel("einops")
    found = changes(LOCK, None, {torch.sha256: torch.size, einops.sha256: einops.size - 1})
    assert {one.name: one.bytes for one in found} == {
        "python": 100,
        "pip": 100,
        "numpy": 100,
        "torch": 0,
        "torchvision": 1000,
        "einops": 1000,
    }


def test_a_conda_package_is_updated_with_its_distribution():
    """The distribution is not a second change, and not altered by hand."""
    before = built(lock([package("pip", "24.0", provides=[("pip", "24.0")])]))
    newer = lock([package("pip", "25.1", provides=[("pip", "25.1")])])
    (change,) = changes(newer, before)
    assert (change.change, change.name, change.before, change.after) == (
        *("update", "pip"),
        *("24.0", "25.1"),
    )
    assert change.note == ""


def test_a_change_names_the_builds_if_only_they_differ():
    """With the version alone, it would look like no change."""
    (change,) = changes(lock([package("tk", build="h1_0")]), built(lock([package("tk")])))
    assert (change.before, change.after) == ("1.0=h0_0", "1.0=h1_0")


@pytest.mark.parametrize("other", [sha256("x"), None])
def test_the_same_build_from_another_archive_is_a_change(other):
    """Torchard did not write a record without a sha256."""
    locked = lock([package("tk")])
    conda = (InstalledConda("tk", "1.0", "h0_0", other),)
    (change,) = changes(locked, built(locked, conda=conda))
    assert (change.change, change.note) == (
        *("update",),
        "the same build, but another archive",
    )
    assert (change.bytes, change.sha256) == (100, locked.conda[0].sha256)


@pytest.mark.parametrize(
    ("there", "before", "note"),
    [
        (["2.1"], "2.1", "altered by hand"),
        (["2.0", "2.1"], "2.0, 2.1", "altered by hand"),
        ([], None, "removed by hand"),
    ],
)
def test_a_distribution_of_conda_altered_with_pip_is_a_change_of_its_package(there, before, note):
    """The record in conda-meta still has the old version."""
    locked = lock([NUMPY])
    dists = tuple(InstalledDist("numpy", version) for version in there)
    found, kept = compare(locked, built(locked, dists=dists), {})
    assert kept == 0
    assert found == (
        PackageChange(
            *("update", "numpy", before, "2.0", "conda-forge", 100),
            *(NUMPY.sha256, note),
        ),
    )


@pytest.mark.parametrize(
    ("there", "change", "before"),
    [
        (["2.2.1"], "update", "2.2.1"),
        (["2.2.2", "2.2.1"], "update", "2.2.1, 2.2.2"),
        ([], "add", None),
    ],
)
def test_a_wheel_of_another_version_or_of_two_is_updated(there, change, before):
    """A wheel that is gone is added again."""
    locked = lock([], [wheel("torch", "2.2.2")])
    dists = tuple(InstalledDist("torch", version) for version in there)
    (found,) = changes(locked, built(locked, dists=dists))
    assert (found.change, found.before, found.after) == (change, before, "2.2.2")
    assert (found.source, found.bytes, found.note) == ("wheel", 1000, "MPS expected")


def test_a_package_that_a_person_added_is_removed_with_a_note():
    """If this very lock built the environment, only a person can have added it."""
    before = built(LOCK)
    mine = replace(
        before,
        conda=(*before.conda, InstalledConda("htop", "3.4", "h0_0", None)),
        dists=(*before.dists, InstalledDist("tb_nightly", "2.20.0")),
    )
    assert changes(LOCK, mine) == (
        PackageChange(
            "remove", "htop", "3.4", None, "conda", note="not in the lock; installed by hand"
        ),
        PackageChange(
            "remove",
            "tb-nightly",
            "2.20.0",
            None,
            "wheel",
            note="not in the lock; installed by hand",
        ),
    )


def test_a_package_of_another_lock_is_removed_without_that_note():
    """That lock may have asked for it."""
    before = built(lock([package("htop")], [wheel("einops")]))
    assert [(one.name, one.note) for one in changes(lock(), before)] == [
        ("htop", "not in the lock"),
        ("einops", "not in the lock"),
    ]


def test_a_removed_conda_package_takes_its_distribution_along():
    """That is one removal. Another version of the distribution is a wheel."""
    gone = built(lock([NUMPY]))
    assert [(one.name, one.source) for one in changes(lock(), gone)] == [("numpy", "conda")]
    beside = replace(gone, dists=(InstalledDist("numpy", "2.1"),))
    assert [(one.before, one.source) for one in changes(lock(), beside)] == [
        ("2.0", "conda"),
        ("2.1", "wheel"),
    ]


def test_a_package_that_moves_between_conda_and_wheels_is_removed_and_added():
    """Even if its version stays the same."""
    conda, wheels = lock([NUMPY], variant=None), lock([], [wheel("numpy", "2.0")], variant=None)
    for new, old, expected in (
        (wheels, conda, [("remove", "conda"), ("add", "wheel")]),
        (conda, wheels, [("add", "conda-forge"), ("remove", "wheel")]),
    ):
        assert [(one.change, one.source) for one in changes(new, built(old))] == expected


def test_a_constraint_of_pytorch_is_a_note_on_its_package():
    """A nightly has no version to name. Without PyTorch there is no note."""
    numpy = [wheel("numpy", "1.26.4")]
    nightly = replace(LOCK.variant, packages={"torch": None}, constraints=("numpy<2,>=1.20",))
    (said,) = changes(lock([], numpy, variant=nightly), None)
    assert said.note == "torch nightly needs numpy < 2, >= 1.20"
    quiet = replace(LOCK.variant, packages={}, constraints=(), mps_expected=False)
    assert [one.note for one in changes(lock([], numpy, variant=quiet), None)] == [""]
    assert [one.note for one in changes(FREE, None)] == ["", ""]


@pytest.mark.parametrize(("mps", "note"), [(True, "MPS expected"), (False, "")])
def test_pytorch_of_a_channel_is_one_change_with_the_same_notes(mps, note):
    """By the channel's name for it. Its distribution is not a second change."""
    forge = replace(
        LOCK.variant, source="conda-forge", packages={"pytorch": "2.10.0"}, mps_expected=mps
    )
    pytorch = package("pytorch", "2.10.0", "cpu_0", provides=[("torch", "2.10.0")])
    locked = lock([pytorch], variant=forge)
    older = package("pytorch", "2.9.1", "cpu_0", provides=[("torch", "2.9.1")])
    for before, change, version in (
        (None, "add", None),
        (built(lock([older], variant=forge)), "update", "2.9.1"),
    ):
        (found,) = changes(locked, before)
        assert (found.change, found.name, found.before, found.after) == (
            *(change, "pytorch"),
            *(version, "2.10.0"),
        )
        assert (found.source, found.note) == ("conda-forge", note)


def test_pytorch_that_moves_to_a_channel_removes_its_wheel():
    """The wheel is removed, and the conda package is added."""
    pytorch = package("pytorch", "2.2.2", provides=[("torch", "2.2.2")])
    there = built(lock([], [wheel("torch", "2.2.2")]))
    assert [(one.change, one.name) for one in changes(lock([pytorch]), there)] == [
        ("add", "pytorch"),
        ("remove", "torch"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.0", "1.0.0", True),
        ("2.9.0+cpu", "2.9.0+CPU", True),
        ("1.0", "1.0.post1", False),
        ("2025c", "2025c", True),
        ("1.0-broken_", "1.0", False),
    ],
)
def test_versions_are_equal_by_pep_440(one, other, same):
    """A version of another form is compared as text."""
    assert is_same_version(one, other) is same

"""What a plan warns of in a PyTorch, and which single change avoids it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from choosing import ARM, INTEL
from locked import VARIANT, lock, mac, package, shown, wheel
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.catalog.variant import Refusal, Variant
from torchard.curate.matrix import Cell, list_cells
from torchard.lab.model import Environment, Lab, MacHost, Miniconda, Request
from torchard.lock.lockfile import LibraryCheck
from torchard.mac.state import RunLock
from torchard.plan import warnings
from torchard.plan.plan import plan_mac
from torchard.workspace.workspace import Workspace

CATALOGUE = load_catalog()
LOCK = lock([package("python")], [wheel("torch", "2.5.1")])
FROZEN = replace(VARIANT, source="pytorch-channel", packages={"pytorch": "2.5.1"})
UNSAFE = "torch {} has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only weights"


def warn_of(arch, macos, python, **asked):
    """Return what a plan warns of in the answer to a request."""
    group, asked = find_mac_class(arch, macos, CATALOGUE), Request(python, **asked)
    return list(
        warnings.find_variant_warnings(choose(asked, group, CATALOGUE), asked, group, CATALOGUE)
    )


@pytest.mark.parametrize(
    ("arch", "macos", "python", "asked", "says"),
    [
        (INTEL, "12", "3.12", {}, "or write `source: conda-forge` (torch 2.10.0)"),
        (INTEL, "10.13", "3.12", {}, "that you trust; no single change to the lab avoids that"),
        (ARM, "13", "3.12", {}, "`backend: cpu` (torch 2.11.0), or update the Mac to macOS 14 ("),
        (ARM, "15", "3.9", {}, 'write `python: "3.10"` (torch 2.14.1)'),
        (ARM, "15", "3.12", {"release": "2.6.0"}, "`release: stable` (torch 2.15.0)"),
    ],
)
def test_an_unsafe_torch_comes_with_a_safe_change(arch, macos, python, asked, says):
    """Each suggestion changes one thing, as where a request cannot be met."""
    (line,) = warn_of(arch, macos, python, **asked)
    assert "CVE-2026-24747" in line
    assert says in line


def test_one_vulnerability_is_not_several():
    """The sentence is in the singular."""
    (line,) = warn_of(ARM, "15", "3.12", release="2.8.0")
    assert line.startswith("torch 2.8.0 has a known vulnerability (CVE-2026-24747): load only")


def test_a_newer_torch_and_a_nightly_have_no_warning():
    """The catalogue knows no advisory on them."""
    assert warn_of(ARM, "15", "3.12") == warn_of(ARM, "15", "3.12", release="nightly") == []


def written(line):
    """Return the changes of a request that a warning suggests."""
    shapes = {
        "release": r'`release: "?([^"`]+)"?`',
        "python": r'`python: "([^"]+)"`',
        "backend": r"`backend: (\w+)`",
        "source": r"`source: ([a-z-]+)`",
    }
    for change in line.split(", or "):
        found = {key: re.search(shape, change) for key, shape in shapes.items()}
        values = {key: one[1] for key, one in found.items() if one}
        companions = re.search(r"`with: \[(.*)\]`", change)
        if companions:
            values["companions"] = tuple(filter(None, companions[1].split(", ")))
        if values:
            yield values


def test_every_suggested_change_leads_to_a_safe_torch():
    """For the whole matrix: each change of the lab or of macOS that a warning suggests is safe."""
    asked = ("stable", "2.2.2", "2.9.1")
    seen = 0
    for cell in list_cells(CATALOGUE, asked):
        asked = Request(cell.python, cell.release, cell.backend, cell.source)
        got = choose(asked, find_mac_class(cell.arch, cell.macos, CATALOGUE), CATALOGUE)
        if isinstance(got, Refusal):
            continue
        for line in warn_of(
            *cell[:3], release=asked.release, backend=asked.backend, source=asked.source
        ):
            for change in written(line):
                seen += 1
                assert_safe(cell, replace(asked, **change))
            for macos in re.findall(r"the Mac to macOS (\d+(?:\.\d+)?)", line):
                assert_safe(cell._replace(macos=macos), asked)
    assert seen > 100


def assert_safe(cell: Cell, asked: Request) -> None:
    got = choose(asked, find_mac_class(cell.arch, cell.macos, CATALOGUE), CATALOGUE)
    assert isinstance(got, Variant), cell
    version = Version(next(iter(got.packages.values())))
    assert CATALOGUE.advisories_on(version) == (), cell


def test_a_torch_that_another_package_needs_has_the_warning_too():
    """The lab may say `pytorch: false`."""
    made = lock([package("python")], [wheel("torch", "2.2.2")], variant=None)
    (line,) = warnings.find_lock_warnings(made, None, CATALOGUE)
    assert line.startswith(UNSAFE.format("2.2.2"))
    assert "no single change" in line


def test_a_package_that_is_not_the_newest_is_explained():
    """The catalogue bounds it, or the lock has a note; others and those of conda need no word."""
    held = replace(wheel("diffusers", "0.37.1"), note="is not the newest: 0.39.0 asks for more")
    rows = [wheel("torch", "2.2.2"), wheel("transformers", "4.57.6"), wheel("einops"), held]
    assert list(warnings.find_package_notes(lock([], rows), CATALOGUE)) == [
        (
            "transformers 4.57.6 may not be the newest: newer releases disable an older torch when"
            " they are imported, and torch is 2.2.2"
        ),
        "diffusers 0.37.1 is not the newest: 0.39.0 asks for more",
    ]
    new = [wheel("torch", "2.15.0"), wheel("transformers", "5.24.0")]
    assert list(warnings.find_package_notes(lock([], new), CATALOGUE)) == []
    conda = [package("pytorch", "2.2.2", provides=[("torch", "2.2.2")])]
    assert len(list(warnings.find_package_notes(lock(conda, rows[1:2]), CATALOGUE))) == 1
    bound = [package("transformers", "4.57.6", provides=[("transformers", "4.57.6")])]
    assert list(warnings.find_package_notes(lock(bound, rows[:1]), CATALOGUE)) == []


def test_a_lock_with_an_unknown_source_has_no_warning_of_it():
    """A lock file may say anything; Torchard warns only of what the catalogue knows."""
    made = replace(LOCK, variant=replace(VARIANT, source="elsewhere"))
    assert [line[:9] for line in warnings.find_lock_warnings(made, None, CATALOGUE)] == [
        "torch 2.5"
    ]


def test_what_is_worth_knowing_of_libraries_is_a_warning():
    """It has the package and its version; a check without a note is silent."""
    made = lock([package("python")], [wheel("codec", "0.9.1"), wheel("numpy")], variant=None)
    codec, numpy = made.wheels
    checks = (
        LibraryCheck("codec", codec.sha256, note="is not the newest: 0.17.0 does not fit"),
        LibraryCheck("numpy", numpy.sha256, "11.0"),
    )
    lines = warnings.find_lock_warnings(replace(made, libraries=checks), None, CATALOGUE)
    assert list(lines) == ["codec 0.9.1 is not the newest: 0.17.0 does not fit"]


def test_a_version_that_cannot_be_parsed_is_skipped():
    """Versions in conda may have other forms."""
    made = lock([package("python"), package("pytorch", "2.2_custom")], variant=None)
    assert warnings.find_torch_version(made, CATALOGUE) is None
    assert list(warnings.find_lock_warnings(made, None, CATALOGUE)) == []


def test_a_request_that_cannot_be_met_any_more_still_has_the_warning():
    """The lock exists. Only the suggestion is missing."""
    made = replace(LOCK, mac_class=MacClass("osx-64", "12.0"))
    odd = Request("3.12", release="words")
    lines = list(
        warnings.find_lock_warnings(
            replace(made, mac_class=MacClass("osx-64", "12.0")), odd, CATALOGUE
        )
    )
    assert lines[-1].startswith(UNSAFE.format("2.5.1"))


@pytest.mark.parametrize(
    ("asked", "made", "says"),
    [
        (Request("3.12"), lock([package("python")], [wheel("torch", "2.15.0")]), []),
        (Request("3.12", release="2.5.1"), LOCK, ["write `release: stable` (torch 2.15.0)"]),
        (
            Request("3.12", source="pytorch-channel"),
            lock([package("python"), package("pytorch", "2.5.1")], variant=FROZEN),
            ["PyTorch comes from the channel pytorch, which is frozen", "torch 2.5.1 has known"],
        ),
    ],
)
@pytest.mark.parametrize("order", [True, False])
def test_a_mac_has_the_warning_up_to_date_or_not(asked, made, says, order):
    """One line for each, with the environment's name. It blocks nothing."""
    host = MacHost("studio-01", environments=("torch",))
    environments = {"torch": Environment("torch", "3.12", asked)}
    lab = Lab(Path("/lab/lab.yaml"), environments, {}, {host.name: host})
    space = Workspace(lab)
    space.locks._found["torch", made.mac_class] = made
    plan = plan_mac(space.find_target(host, shown(made) if order else mac()))
    assert plan.state == ("up_to_date" if order else "change")
    assert len(plan.warnings) == len(says)
    for warning, words in zip(plan.warnings, says, strict=True):
        assert warning.startswith("torch: ")
        assert words in warning


@pytest.mark.parametrize(
    ("variant", "virtual", "warned"),
    [
        (VARIANT, True, True),
        (VARIANT, False, False),
        (replace(VARIANT, mps_expected=False), True, False),
        (None, True, False),
    ],
)
def test_a_virtual_machine_that_expects_mps_has_a_warning(variant, virtual, warned):
    """The plan says what to write. It blocks nothing."""
    made = lock([package("python")], [wheel("einops")], variant=variant)
    host = MacHost("runner-01", environments=("torch",))
    lab = Lab(
        Path("/lab/lab.yaml"), {"torch": Environment("torch", "3.12", None)}, {}, {host.name: host}
    )
    space = Workspace(lab)
    space.locks._found["torch", made.mac_class] = made
    plan = plan_mac(space.find_target(host, replace(mac(), virtual=virtual)))
    assert plan.state == "change"
    lines = [line for line in plan.warnings if "virtual machine" in line]
    assert len(lines) == warned
    assert all(
        line.startswith("torch: ") and line.endswith("write `backend: cpu`") for line in lines
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"macos": "14.7"}, "says macOS 15.1, but it runs 14.7"),
        ({"macos": "15.1.2"}, None),
        ({"macos": "15.10"}, "says macOS 15.1, but it runs 15.10"),
        ({"translated": True}, "its shell runs under Rosetta; Torchard runs native programs there"),
        ({"conda_version": "24.11.0"}, "names Miniconda 26.5.3-1, but a person installed the one"),
        ({"conda_version": None}, "at ~/miniconda3 (an unknown version), so Torchard keeps it"),
        ({"conda_version": "24.11.0", "prefix_ours": {"sha256": "0"}}, None),
        (
            {"lock": RunLock("t", "ada@desk", 0, (41,), is_ours=True)},
            "an earlier run of ada@desk is still at work there, and an apply waits for it",
        ),
        ({"lock": RunLock("t", "ada@desk", 0, until=9, is_ours=True)}, None),
        ({"lock": RunLock("t", "ada@desk", 0)}, None),
    ],
)
def test_a_mac_that_is_not_as_the_lab_says_has_a_warning(changes, says):
    """It blocks nothing: the Mac's own macOS and Miniconda decide."""
    wanted = Miniconda(version="26.5.3-1")
    host = MacHost("studio-01", macos="15.1", miniconda=wanted)
    state = mac(**{"conda_version": "26.5.3", **changes})
    texts = list(warnings.find_mac_warnings(host, state, CATALOGUE, 0))
    assert [says in one for one in texts] == [True] * (says is not None)

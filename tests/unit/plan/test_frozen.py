"""`frozen: true`: which Macs have it, and what it changes in a plan."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace

import pytest
from locked import VARIANT, built, lock, mac, package, path_of, shown, stamp, wheel

from torchard.catalog.catalog import load_catalog
from torchard.lab.load import load_lab
from torchard.lab.model import MacHost
from torchard.operations.kit import FROZEN, write_kit
from torchard.plan.plan import plan_mac
from torchard.plan.preconditions import hash_contents
from torchard.plan.steps import environment_step
from torchard.plan.target import Target
from torchard.plan.warnings import find_mac_warnings

LOCK = lock([package("python", "3.12.13")], [wheel("torch", "2.2.2")], variant=VARIANT)
FROZEN_STAMP = {**stamp(LOCK), "frozen": True}
MAC = MacHost("studio-01", frozen=True)


def test_the_nearest_setting_of_frozen_wins(tmp_path):
    """Defaults, a group, the Mac itself and the command line, as for every setting."""
    text = (
        "groups: {g: {frozen: true}, h: {frozen: false}}\n"
        "macs: {a: {}, b: {groups: [g]}, c: {groups: [g, h]}, d: {groups: [h], frozen: true}}\n"
    )
    (tmp_path / "lab.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "all.py").write_text("frozen = True\n", encoding="utf-8")
    found = load_lab(tmp_path / "lab.yaml").macs
    assert [name for name, mac in found.items() if mac.frozen] == ["b", "d"]
    above = load_lab(tmp_path / "lab.yaml", group_data=tmp_path / "all.py").macs
    assert [name for name, mac in above.items() if mac.frozen] == ["a", "b", "d"]
    over = load_lab(tmp_path / "lab.yaml", {"frozen": False}).macs
    assert not any(mac.frozen for mac in over.values())


@pytest.mark.parametrize(
    ("wanted", "found", "said", "reason"),
    [
        (True, False, stamp(LOCK), "the lab freezes it"),
        (False, True, FROZEN_STAMP, "the lab freezes it no longer"),
        (True, False, FROZEN_STAMP, "its conda-meta/frozen was removed by hand"),
        (False, True, stamp(LOCK), "its conda-meta/frozen was made by hand"),
    ],
)
def test_freezing_builds_another_generation(wanted, found, said, reason):
    """With the same packages, beside the active one; nothing has to be pushed."""
    depot = {one.sha256: one.size for one in (*LOCK.conda, *LOCK.wheels)}
    state = replace(shown(LOCK, frozen=found, stamp=said), depot=depot)
    (step,) = plan_mac(Target(replace(MAC, frozen=wanted), state, locks={"torch": LOCK})).steps
    assert (step.action, step.reason, step.packages) == ("update", reason, ())
    assert (step.kept, step.path) == (2, f"{path_of(LOCK)}.2")


def test_a_generation_that_is_frozen_as_the_lab_says_is_up_to_date():
    """Frozen where it should be, and not where it should not."""
    for wanted in (True, False):
        assert environment_step(LOCK, shown(LOCK, frozen=wanted), frozen=wanted) is None


def test_a_generation_that_still_exists_is_activated_again():
    """Freezing and thawing does not build twice."""
    thawed = built(LOCK)
    cold = built(LOCK, path=f"{path_of(LOCK)}.2", frozen=True, stamp=FROZEN_STAMP)
    state = mac(thawed, cold, links={"torch": cold.path})
    step = environment_step(LOCK, state, frozen=False)
    assert (step.action, step.path) == ("activate", thawed.path)


def test_thawing_by_hand_changes_the_preconditions():
    """A saved plan then has to be made again."""
    assert hash_contents(built(LOCK)) != hash_contents(built(LOCK, frozen=True))


def test_the_kit_has_the_mark_for_conda_and_for_the_stamp():
    """With Torchard's own message; without `frozen`, it has neither."""

    def written(*, frozen):
        made = write_kit(mac(), LOCK, "torch-1", {"conda-forge": "https://x"}, frozen=frozen)
        with tarfile.open(fileobj=io.BytesIO(made.archive)) as archive:
            return json.load(archive.extractfile("kit.json"))

    cold, thawed = written(frozen=True), written(frozen=False)
    assert (cold["frozen"], cold["stamp"]["frozen"]) == (FROZEN, True)
    assert "frozen" not in {**thawed, **thawed["stamp"]}


@pytest.mark.parametrize(
    ("version", "frozen", "warned"),
    [("25.4.1", True, True), ("25.5.0", True, False), ("24.1", False, False), (None, True, False)],
)
def test_a_conda_that_ignores_frozen_is_a_warning(version, frozen, warned):
    """The warning says what to type, and blocks nothing."""
    state = mac(conda_version=version)
    found = list(find_mac_warnings(replace(MAC, frozen=frozen), state, load_catalog(), 0))
    assert any("respect `frozen: true`; update it" in one for one in found) is warned


@pytest.mark.parametrize(
    ("version", "environments", "found"),
    [
        ("22.9.0", ("torch",), True),
        ("23.5.2", ("torch",), True),
        ("23.7.0", ("torch",), False),
        ("22.9.0", (), False),
        (None, ("torch",), False),
    ],
)
def test_a_conda_that_ignores_an_environments_condarc_is_named(version, environments, found):
    """The warning says what a person's `conda install -n` would do, and what to type."""
    state = mac(conda_version=version)
    texts = list(
        find_mac_warnings(replace(MAC, environments=environments), state, load_catalog(), 0)
    )
    assert any("only 23.7.0 and newer read an environment's own .condarc" in one
               for one in texts) is found  # fmt: skip
    assert all("bin/conda update conda" in one for one in texts)

"""A Miniconda that was moved, failed verifications, and what a plan warns of."""

from __future__ import annotations

from dataclasses import replace

from locked import HOME, INSTALLER, PREFIX, built, lock, mac, package, path_of

from torchard.catalog.catalog import load_catalog
from torchard.lab.model import MacHost, Miniconda, Position
from torchard.mac.state import CondaSetting
from torchard.plan.conda_settings import find_conda_warnings
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target
from torchard.plan.warnings import find_lock_warnings, find_mac_warnings, is_older

LOCK = lock([package("python", "3.12.13")])
HOST = MacHost("studio-01", environments=("torch",), where=Position("lab.yaml", 3, 3))
MOVED = {
    "prefix_made_for": "/Users/old/miniconda3",
    "prefix_ours": {"sha256": INSTALLER.sha256},
}


def plan(*environments, **changes):
    """Plan a Mac that needs one environment."""
    links = changes.pop("links", {})
    state = mac(*environments, links=links, **changes)
    return plan_mac(Target(HOST, state, installer=INSTALLER, locks={"torch": LOCK}))


def test_a_moved_miniconda_of_torchard_is_installed_again():
    """Unless a person has environments in it: then the Mac is blocked."""
    (step, _) = plan(**MOVED).steps
    assert (step.kind, step.action) == ("miniconda", "repair")
    assert "/Users/old/miniconda3" in step.reason
    mine = replace(built(LOCK, f"{PREFIX}/envs/mine"), stamp=None)
    blocked = plan(mine, **MOVED)
    assert blocked.state == "blocked"
    assert "has environments of a person (mine)" in blocked.reason


def test_environments_of_another_miniconda_block_the_mac():
    """The message names it."""
    assert "the Miniconda at ~/conda" in plan(other_prefix=f"{HOME}/conda").reason


def test_a_failed_verification_is_a_warning_until_it_is_built_again():
    """The environment is up to date otherwise."""
    failed = replace(built(LOCK), failed=("2026-11-28", "no MPS"))
    planned = plan(failed, links={"torch": path_of(LOCK)})
    assert planned.state == "up_to_date"
    assert any("no MPS" in one for one in planned.warnings)


def test_another_macos_and_another_miniconda_than_the_labs_are_warnings():
    """So is a shell under Rosetta. What cannot be parsed is not older."""
    host = replace(HOST, macos="14.6", miniconda=Miniconda(version="25.7.0-2"))
    state = replace(mac(), translated=True, conda_version="24.1.0")
    catalogue = load_catalog()
    found = list(find_mac_warnings(host, state, catalogue, 0))
    assert any("says macOS 14.6, but it runs 15.1" in one for one in found)
    assert any("names Miniconda 25.7.0-2" in one for one in found)
    assert any("Rosetta" in one for one in found)
    assert not is_older("unknown", catalogue.freezing_conda)


def test_two_openmp_runtimes_are_a_warning():
    """One in torch's wheel, and one of conda's packages."""
    catalogue = load_catalog()
    name = next(iter(catalogue.openmp))
    assert any(
        "OpenMP" in one for one in find_lock_warnings(lock([package(name)]), None, catalogue)
    )


def test_a_setting_without_a_channel_of_anacondas_gives_no_warning():
    """Only a list of channels with one of theirs is."""
    settings = (
        CondaSetting(f"{HOME}/.condarc", "channels", ("conda-forge",)),
        CondaSetting(f"{HOME}/.condarc", "channels", ("anaconda",)),
        CondaSetting(f"{HOME}/.condarc", "ssl_verify", ("false",)),
    )
    assert len(list(find_conda_warnings(HOST, replace(mac(), conda_settings=settings)))) == 1

"""What settings of conda on a Mac mean for it: a rule blocks it, the others are warnings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import lock, mac, package, shown

from torchard.catalog.catalog import load_catalog
from torchard.lab.model import MacHost
from torchard.mac import probe
from torchard.mac.state import CondaSetting
from torchard.plan.conda_settings import find_conda_blockers
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target
from torchard.plan.warnings import find_mac_warnings

LOCK = lock([package("python", "3.12.13"), package("openssl", "3.5.5"), package("nodejs", "22.1")])
ETC = "/etc/conda/.condarc"
ASK = "ask the administrator of this Mac to allow that"


def reasons(*settings: CondaSetting, **changes) -> list[str]:
    """Return why settings forbid to build the lock on a Mac with a whole Miniconda."""
    state = mac(conda_settings=settings, **changes)
    return list(find_conda_blockers(state, {"torch": LOCK}))


DEPOT = "so conda refuses to install from"


@pytest.mark.parametrize(
    ("key", "values", "reason"),
    [
        ("override_channels_enabled", ["False"],
         f": false, {DEPOT} Torchard's depot on this Mac; {ASK}"),
        ("override_channels_enabled", ["true"], None),
        ("allowlist_channels", ["conda-forge"],
         f", and Torchard's depot on this Mac is not among these channels, {DEPOT} it; {ASK}"),
        ("whitelist_channels", ["?"],
         f", and Torchard's depot on this Mac is not among these channels, {DEPOT} it; {ASK}"),
        ("allowlist_channels", [], None),
        ("denylist_channels", ["defaults", "?", "https://x"], None),
        ("denylist_channels", ["https://conda.anaconda.org/conda-forge/"],
         f", which denies conda-forge; write other `channels:` into the lab, or {ASK}"),
        ("disallowed_packages", ["node*", "openssl"],
         f", which forbids openssl 3.5.5, nodejs 22.1; {ASK}"),
        ("disallow", ["openssl<3", "?", "git"], None),
        ("channels", ["anaconda"], None),
    ],
)  # fmt: skip
def test_a_rule_that_forbids_a_locked_package_blocks_the_mac(key, values, reason):
    """The reason names file and setting. Another rule does not block."""
    found = reasons(CondaSetting(ETC, key, tuple(values)))
    assert found == ([] if reason is None else [f"{ETC} sets {key}{reason}"])


@pytest.mark.parametrize(
    ("spec", "hit"),
    [
        ("openssl", True), ("OpenSSL", True), ("conda-forge::openssl", True), ("openssl *", True),
        ("openssl >=3,<4", True), ("openssl<3", False), ("openssl=3.5", True),
        ("openssl =3.6", False), ("openssl==3.5.5", True), ("openssl 3.5.5", True),
        ("openssl 3.5.*", True), ("openssl <3|>3.5", True), ("openssl=3.5.5=h0_0", True),
        ("openssl[license=GPL]", True), ("openssl >nonsense", True), ("libssl", False),
        ("*ssl", True), ("", False), ("?", False),
    ],
)  # fmt: skip
def test_a_match_spec_that_cannot_be_parsed_counts(spec, hit):
    """A rule that Torchard does not understand is still an administrator's rule."""
    found = reasons(CondaSetting(ETC, "disallowed_packages", (spec,)))
    assert bool(found) is hit


def test_a_final_setting_blocks_the_mac_once():
    """Nothing overrides such a key. If its rule already blocks, that is enough."""
    (reason,) = reasons(CondaSetting(ETC, "pkgs_dirs", final=True))
    assert reason == (
        f"{ETC} marks pkgs_dirs as `#!final`, which nothing can override; ask the administrator of"
        " this Mac to remove the mark"
    )
    rule = CondaSetting(ETC, "override_channels_enabled", ("false",), final=True)
    assert len(reasons(rule)) == 1


def test_the_probes_lines_on_settings_are_parsed():
    """Values of one key of one file belong together; a mark may be alone."""
    lines = [
        "begin", "kernel\tDarwin", "macos\t15.1", "home\t=/Users/ann", "prefix_state\tabsent",
        "conda_setting\t=/etc/conda/.condarc\tdisallow\tx",
        "conda_final\t=/etc/conda/.condarc\tdisallow",
        "conda_setting\t=/etc/conda/.condarc\tdisallow\ty",
        "conda_final\t=/etc/conda/.condarc\toffline",
        "end\tok",
    ]  # fmt: skip
    assert probe.parse(lines).conda_settings == (
        CondaSetting(ETC, "disallow", ("x", "y"), final=True),
        CondaSetting(ETC, "offline", final=True),
    )


def test_the_file_of_a_setting_decides():
    """The account's own settings do not reach Torchard's steps, nor those of a prefix set aside."""
    rule = {"key": "allowlist_channels", "values": ("x",)}
    state = mac()
    base = CondaSetting(f"{state.prefix}/.condarc", **rule)
    assert len(reasons(base)) == 1
    assert reasons(base, prefix_state="half") == []
    assert reasons(CondaSetting(f"{state.home}/.condarc", **rule)) == []
    assert reasons(CondaSetting(f"{state.home}/.config/conda/condarc", **rule)) == []


def test_a_rule_blocks_a_mac_only_if_there_is_something_to_build():
    """A Mac that is up to date installs nothing."""
    rule = CondaSetting(ETC, "allowlist_channels", ("x",))
    plan = plan_mac(
        Target(MacHost("a"), mac(free=10**12, conda_settings=(rule,)), locks={"torch": LOCK})
    )
    assert (plan.state, plan.steps) == ("blocked", ())
    assert f"{ETC} sets allowlist_channels" in plan.reason
    state = replace(shown(LOCK), conda_settings=(rule,))
    assert plan_mac(Target(MacHost("a"), state, locks={"torch": LOCK})).state == "up_to_date"


@pytest.mark.parametrize(
    ("channels", "environments", "file", "named"),
    [
        (("conda-forge",), ("torch",), "~/.condarc", True),
        (("conda-forge",), ("torch",), "~/miniconda3/.condarc", True),
        (("conda-forge",), ("torch",), ETC, True),
        (("conda-forge", "defaults"), ("torch",), ETC, False),
        (("conda-forge",), (), ETC, False),
    ],
)
def test_a_file_that_adds_anacondas_channels_is_named(channels, environments, file, named):
    """Lists of all files are merged; only `defaults` is emptied."""
    state = mac()
    path = file.replace("~", state.home)
    state = replace(state, conda_settings=(CondaSetting(path, "channels", ("anaconda",)),))
    host = MacHost("a", channels=channels, environments=environments)
    found = [
        one for one in find_mac_warnings(host, state, load_catalog(), 0) if "by its address" in one
    ]
    assert [one.partition(" ")[0] for one in found] == ([file] if named else [])
    assert list(find_mac_warnings(host, mac(), load_catalog(), 0)) == []

"""Tools of macOS that a PATH lacks: found where macOS keeps them, or the Mac is blocked."""

from __future__ import annotations

import on_a_mac
import pytest
import shells
from on_a_mac import locked
from probed import SHELLS, answer

from torchard.mac import probe

TAKE = "take_lock; echo taken"


@pytest.fixture
def mac(tmp_path):
    """An Apple-silicon Mac under Rosetta, whose arch only `sysctl` tells; its PATH lacks that."""
    mac = on_a_mac.make(tmp_path, rosetta=True, sbin=False)
    yield mac
    mac.end()


def move_tool(mac, name: str, folder: str | None) -> None:
    """Move a tool of /usr/sbin into a folder below the Mac's root, or away."""
    place = mac.root / "usr/sbin" / name
    aside = place.rename(place.with_name(f"{name}-aside"))
    if folder is not None:
        (mac.root / folder).mkdir(parents=True, exist_ok=True)
        tool = mac.root / folder / name
        tool.write_text(f"#!/bin/sh\nexec '{aside}' \"$@\"\n", encoding="utf-8")
        tool.chmod(0o755)


@pytest.mark.parametrize("folder", ["usr/sbin", "sbin"])
@pytest.mark.parametrize("shell", shells.EVERY)
def test_sysctl_is_found_where_macos_keeps_it(mac, shell, folder):
    """A Mac with Apple silicon under Rosetta does not count as one with an Intel processor."""
    move_tool(mac, "sysctl", folder)
    lines = (
        answer(mac.root, shells.PROGRAMS[shell], TORCHARD_ROOT=str(mac.root)).decode().splitlines()
    )
    state = probe.parse(lines)
    assert (state.arch, state.translated) == ("arm64", True)
    ran = mac.run(locked('take_lock; echo "$native"'), shell=shell, TORCHARD_ROOT=str(mac.root))
    assert (ran.stdout, ran.stderr) == ("arch -arm64\n", "")


def test_a_mac_that_lacks_sysctl_is_blocked(mac):
    """Nothing is guessed, and nothing is done under the run lock either."""
    move_tool(mac, "sysctl", None)
    root = str(mac.root)
    with pytest.raises(probe.MissingToolError) as caught:
        probe.parse(answer(mac.root, SHELLS[0], TORCHARD_ROOT=root).decode().splitlines())
    assert f"it has no sysctl: not on the account's PATH ({mac.root}/bin)" in str(caught.value)
    ran = mac.run(locked(TAKE), TORCHARD_ROOT=root)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("this Mac has no sysctl: not on the account's PATH (")
    assert not mac.lock.exists()


def test_an_intel_mac_has_sysctl_without_those_keys(tmp_path):
    """An empty answer of a tool that is there is an answer."""
    mac = on_a_mac.make(tmp_path, arch="x86_64")
    state = probe.parse(answer(mac.root, SHELLS[0]).decode().splitlines())
    assert (state.arch, state.translated) == ("x86_64", False)

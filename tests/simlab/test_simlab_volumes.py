"""What a simulated Mac says of itself and its volumes, and where macOS keeps what says it."""

from __future__ import annotations

import re
import shutil

import pytest

from simlab import macs, stock
from simlab.spec import MacSpec

BOOT = "FFEEDDCC-BBAA-9988-7766-554433221100"
UUID = "00112233-4455-6677-8899-AABBCCDDEEFF"
KEY = "NSURLVolumeAvailableCapacityForImportantUsageKey"
IOREG = '"$TORCHARD_ROOT/usr/sbin/ioreg" -rd1 -c IOPlatformExpertDevice'


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Macs: a plain one, one of another UUID and boot, and one whose home is on a server."""
    spec = [
        MacSpec("plain", "arm64", "15.1"),
        MacSpec("twin", "x86_64", "12.7", uuid=UUID, boot=BOOT),
        MacSpec(
            "network", "arm64", "15.1", network_home="smbfs //ann@server/homes", purgeable=4096
        ),
        MacSpec("narrow", "arm64", "15.1", sbin=False),
    ]
    return macs.build(tmp_path_factory.mktemp("volumes"), spec)


@pytest.mark.parametrize("tool", [name for names in stock.APART.values() for name in names])
def test_an_account_may_have_no_sbin_on_its_path(roots, tool):
    """There a tool is only found below TORCHARD_ROOT, where macOS keeps it (system_cmds etc.)."""
    place = f"{stock.folder(tool)}/{tool}"
    assert macs.run(roots["plain"], f"command -v {tool}").stdout == f"{roots['plain']}/{place}\n"
    narrow = macs.run(roots["narrow"], f'command -v {tool}; ls "$TORCHARD_ROOT/{place}"').stdout
    assert narrow == f"{roots['narrow']}/{place}\n"


def test_a_tool_of_usr_sbin_knows_its_mac_there(roots):
    """By its own folder, and without any environment."""
    done = macs.run(roots["narrow"], 'env -i "$TORCHARD_ROOT/usr/sbin/sysctl" -n kern.hostname')
    assert done.stdout == "narrow.local\n"


def test_a_mac_is_known_by_its_hardware_and_by_its_start(roots):
    """`ioreg` prints the UUID among other things, and the same each time; no two Macs share one."""
    said = {name: macs.run(root, IOREG).stdout for name, root in roots.items()}
    found = {name: re.search('"IOPlatformUUID" = "([^"]+)"', one)[1] for name, one in said.items()}
    assert found["twin"] == UUID
    assert len(set(found.values())) == len(roots)
    assert found["plain"] == MacSpec("plain", "arm64", "15.1").uuid
    asked = "sysctl -n kern.bootsessionuuid"
    assert macs.run(roots["twin"], asked).stdout == f"{BOOT}\n"
    assert macs.run(roots["plain"], asked).stdout.strip() not in ("", found["plain"])


def test_a_home_may_be_on_a_server(roots):
    """`mount` has a line for it, and `df` names the same source and place (mount(8), df(1))."""
    home = roots["network"].resolve() / "home"
    lines = macs.run(roots["network"], "mount").stdout.splitlines()
    assert lines[-1].startswith(f"//ann@server/homes on {home} (smbfs, ")
    assert len(lines) == len(macs.run(roots["plain"], "mount").stdout.splitlines()) + 1
    asked = "mkdir -p d; touch d/f; df -Pk ~ d d/f / | awk 'NR > 1 { print $1, $NF }'"
    assert macs.run(roots["network"], asked).stdout.splitlines() == [
        *[f"//ann@server/homes {home}"] * 3,
        "/dev/disk3s5 /System/Volumes/Data",
    ]


def test_only_osascript_reports_what_macos_would_purge(roots):
    """NSURLVolumeAvailableCapacityForImportantUsageKey counts it, and df does not."""
    script = f"function run(argv) {{ return $.{KEY} }}"
    asked = f"osascript -l JavaScript -e '{script}' ~"
    before = {name: macs.read(roots[name]) for name in ("plain", "network")}
    try:
        for name, more in (("plain", 0), ("network", 4096)):
            macs.change(roots[name], fault={"disk_free": 1 << 38})
            assert macs.run(roots[name], asked).stdout == f"{(1 << 38) + more}\n"
    finally:
        for name, one in before.items():
            macs.write(roots[name], one)
    assert macs.run(roots["plain"], f"{asked}/none").returncode == 1
    assert macs.run(roots["plain"], "osascript -e 'beep'").returncode == 70


def test_a_lab_is_renewed_in_place(roots, tmp_path):
    """What is in a home stays."""
    spec = [MacSpec("plain", "arm64", "15.1")]
    root = macs.build(tmp_path, spec)["plain"]
    (root / "home/file").touch()
    shutil.rmtree(root / "usr")
    macs.build(tmp_path, spec)
    assert (root / "home/file").exists()
    assert (root / "usr/sbin/sysctl").exists()

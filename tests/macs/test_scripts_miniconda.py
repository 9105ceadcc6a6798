"""Miniconda is installed from a verified file, and nothing half or strange counts as one."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import replace

import on_a_mac
import pytest
from on_a_mac import install_script, the_installer

from simlab import macs

MARK = {
    "format": 1,
    "date": "2026-11-23 12:00:00",
    "version": "26.5.3-1",
}


@pytest.fixture
def own(mac):
    """Run an installer of a test's own making, whose sha256 is right; return what came of it."""

    def run(text: str, **variables: str):
        content = text.encode()
        sha256 = hashlib.sha256(content).hexdigest()
        mac.push(sha256, content)
        installer = replace(NONE, file="Own.sh", sha256=sha256)
        return mac.run(install_script(mac, installer), **variables)

    return run


NONE = on_a_mac.Installer("miniconda", "26.5.3-1", "", "", "0" * 64)

# An installer that leaves a whole prefix by every sign, with a conda and a python of a test's own.
LIKE_WHOLE = """\
mkdir -p "$3/bin" "$3/conda-meta"
printf '%s\\n' '#!/bin/sh' '{conda}' >"$3/bin/conda"
printf '%s\\n' '#!/bin/sh' '{python}' >"$3/bin/python"
chmod +x "$3/bin/conda" "$3/bin/python"
echo '# update specs: []' >"$3/conda-meta/history"
"""


def aside(mac):
    """Return what was set aside beside the prefix."""
    return sorted(mac.home.glob("miniconda3.torchard-aside-*"))


def test_it_installs_a_whole_miniconda_once(mac, simlab_depot):
    """What it leaves is whole and marked, the installer is gone; a second run does nothing."""
    assert mac.install(simlab_depot).returncode == 0
    state = mac.state
    installer = the_installer(simlab_depot)
    assert (state.prefix_state, state.prefix_arch) == ("whole", "arm64")
    assert state.prefix_ours == {**MARK, "installer": installer.file, "sha256": installer.sha256}
    assert state.depot == {}
    assert list((mac.torchard / "kits").iterdir()) == []
    assert not (mac.home / ".conda").exists()
    before = (mac.prefix / ".torchard.json").stat()
    again = mac.run(install_script(mac, installer))
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert (mac.prefix / ".torchard.json").stat() == before


def test_a_wrong_sha256_is_removed_unexecuted(mac):
    """Nothing of a file with another sha256 runs; both hashes are printed, and the file is gone."""
    content = b"touch $HOME/canary\n"
    mac.push("0" * 64, content)
    done = mac.run(install_script(mac, replace(NONE, file="Miniconda3.sh")))
    assert done.returncode == 1
    found = hashlib.sha256(content).hexdigest()
    assert f"Miniconda3.sh has the wrong sha256: wanted {'0' * 64}, found {found}." in done.stderr
    assert "Nothing was executed." in done.stderr
    assert sorted(path.name for path in mac.home.iterdir()) == [".torchard"]
    assert mac.state.depot == {}
    assert not mac.lock.exists()


def test_an_installer_that_did_not_arrive_is_reported(mac):
    """Where there is no file to run, the sentence says so."""
    done = mac.run(install_script(mac, replace(NONE, file="Miniconda3.sh")))
    assert done.returncode == 1
    assert "Miniconda3.sh did not arrive in this Mac's depot" in done.stderr


HALF = {
    "an empty directory": (),
    "an installer's program": ("_conda", "bin/conda"),
    "an unfinished history": ("conda-meta/history",),
    "messages": ("bin/conda", "bin/python", "conda-meta/history=", ".messages.txt"),
    "temporary files": ("bin/conda", "bin/python", "conda-meta/history=", "install_tmp/x"),
    "the first archive": ("bin/conda", "bin/python", "conda-meta/history=", "preconda.tar.bz2"),
    "the last archive": ("bin/conda", "bin/python", "conda-meta/history=", "postconda.tar.bz2"),
    "no python": ("bin/conda", "conda-meta/history="),
}


def make_half(mac, kind: str) -> None:
    """Make a prefix as an interrupted installer leaves it."""
    mac.prefix.mkdir()
    for name in HALF[kind]:
        path = mac.prefix / name.rstrip("=")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# update specs: []\n" if name.endswith("=") else "")
        path.chmod(0o755)


@pytest.mark.parametrize("kind", HALF)
def test_every_half_prefix_is_known_and_set_aside(mac, own, kind):
    """Whatever an interrupted installer leaves is moved, whole, to a name beside the prefix."""
    make_half(mac, kind)
    assert mac.state.prefix_state == "half"
    before = sorted(path.relative_to(mac.prefix) for path in mac.prefix.rglob("*"))
    done = own("exit 3")
    (kept,) = aside(mac)
    assert sorted(path.relative_to(kept) for path in kept.rglob("*")) == before
    assert done.stdout == f"{mac.prefix} was half installed; it was set aside as {kept}\n"
    assert "the installer Own.sh failed" in done.stderr
    assert mac.state.prefix_state == "absent"


def test_a_half_prefix_is_rebuilt_and_what_people_made_in_it_is_kept(mac, simlab_depot):
    """A real environment inside goes aside with the rest, and the output says where it is."""
    make_half(mac, "an installer's program")
    own = mac.prefix / "envs" / "own" / "file"
    own.parent.mkdir(parents=True)
    own.write_text("mine\n")
    generation = mac.torchard / "generations" / "torch-1"
    generation.mkdir(parents=True)
    (mac.prefix / "envs" / "torch").symlink_to(generation)
    done = mac.install(simlab_depot)
    assert done.returncode == 0
    assert mac.state.prefix_state == "whole"
    (kept,) = aside(mac)
    assert (kept / "envs/own/file").read_text() == "mine\n"
    assert f"a person made in it: {kept}/envs/own\n" in done.stdout
    assert "envs/torch" not in done.stdout
    assert generation.is_dir()


def test_two_prefixes_set_aside_in_one_second_do_not_meet(mac, own):
    """A second half prefix never lands inside the first."""
    # Other scripts count seconds.
    mac.tool("date", "case $1 in +%s) echo 1795435200 ;; *) echo 20261123-120000 ;; esac")
    for _ in range(3):
        make_half(mac, "messages")
        own("exit 3")
    assert len(aside(mac)) == 3
    assert all((kept / ".messages.txt").exists() for kept in aside(mac))


def test_an_installer_that_leaves_nothing_whole_is_refused(mac, own):
    """A good exit status is not enough: half an install does not stay at the prefix."""
    done = own('mkdir -p "$3/bin"; : >"$3/bin/conda"')
    (kept,) = aside(mac)
    assert done.returncode == 1
    assert (
        f"the installer Own.sh ended without an error, but the conda at {mac.prefix} is not whole;"
        f" what it left was set aside as {kept}\n"
    ) in done.stderr
    assert mac.state.prefix_state == "absent"


def test_a_conda_that_does_not_run_is_refused(mac, own):
    """A conda that cannot say its version is set aside, with what it said."""
    done = own(LIKE_WHOLE.format(conda="echo dyld: broken >&2; exit 134", python="exit 0"))
    assert done.returncode == 1
    assert f"the conda at {mac.prefix} does not run; what it left was set aside" in done.stderr
    assert "dyld: broken" in done.stderr
    assert mac.state.prefix_state == "absent"


@pytest.mark.parametrize("told_by", ["df", "the installer"])
def test_a_full_disk_is_named_and_what_an_installer_left_is_removed(mac, own, told_by):
    """Set aside it would leave the next run no room; what a person had there is set aside still."""
    macs.change(mac.root, fault={"disk_free": 0 if told_by == "df" else 10**10})
    make_half(mac, "messages")
    said = "" if told_by == "df" else "echo 'cp: No space left on device' >&2; "
    done = own(f'mkdir "$3"; : >"$3/half"; {said}exit 1')
    assert done.returncode == 1
    assert "failed; what it left was removed\n" in done.stderr
    assert "this Mac's disk is full; make room, and run it again\n" in done.stderr
    assert not mac.prefix.exists()
    (kept,) = aside(mac)
    assert not (kept / "half").exists()


def test_a_base_of_the_other_arch_is_refused_every_time(mac, simlab_depot):
    """An Intel base on Apple silicon works under Rosetta; no run ever adopts it."""
    for number in (1, 2):
        done = mac.install(simlab_depot, "x86_64")
        assert done.returncode == 1
        assert f"the python at {mac.prefix} runs as x86_64, not as arm64;" in done.stderr
        assert mac.state.prefix_state == "absent"
        assert len(aside(mac)) == number


def test_an_arm64_installer_on_an_intel_mac_fails_every_time(tmp_path, simlab_depot):
    """An installer that this processor cannot run leaves nothing at the prefix."""
    mac = on_a_mac.make(tmp_path, "x86_64", "12.7")
    for _ in range(2):
        done = mac.install(simlab_depot, "arm64")
        assert done.returncode == 1
        assert "Bad CPU type in executable" in done.stderr
        assert re.search(r"the installer \S+ failed; what it left was set aside", done.stderr)
        assert mac.state.prefix_state == "absent"


@pytest.mark.parametrize("stop", ["preconda", "extract", "postconda"])
def test_a_killed_installer_is_repaired_by_the_next_run(mac, simlab_depot, stop):
    """Wherever the installer is killed, one more run installs a whole Miniconda."""
    path = mac.root / "mac.json"
    text = path.read_text()
    path.write_text(json.dumps({**json.loads(text), "installer_stop_after": stop}))
    assert mac.install(simlab_depot).returncode == 1
    path.write_text(text)
    assert mac.install(simlab_depot).returncode == 0
    assert mac.state.prefix_state == "whole"


def test_what_a_stopped_run_has_installed_whole_is_not_a_persons_own(mac, simlab_depot):
    """It is known by the note of that run until it bears its mark; a person's there is not."""
    installer = the_installer(simlab_depot)
    assert mac.install(simlab_depot).returncode == 0
    assert not (mac.torchard / "installing").exists()
    mark = mac.prefix / ".torchard.json"
    text = mark.read_text()
    mark.unlink()
    assert mac.state.prefix_ours is None
    record = mac.torchard / "installing"
    record.write_text(f"{mac.prefix}\n{text}")
    later = (mac.prefix / "conda-meta/history").stat().st_mtime + 2
    os.utime(record, (later, later))  # bash 3.2 compares whole seconds
    assert mac.state.prefix_ours is None  # it was there before that run
    os.utime(record, (0, 0))
    assert mac.state.prefix_ours["sha256"] == installer.sha256
    record.write_text(f"{mac.prefix}-another\n{text}")
    os.utime(record, (0, 0))
    assert mac.state.prefix_ours is None


def test_a_prefix_that_cannot_be_made_is_reported(mac, simlab_depot):
    """Where the prefix's parent takes no directory, the installer's own words are passed on."""
    (mac.home / "file").write_text("")
    installer = the_installer(simlab_depot)
    mac.push(installer.sha256, simlab_depot.installer("arm64").read_bytes())
    state = replace(mac.state, prefix=f"{mac.home}/file/miniconda3")
    done = mac.run(
        on_a_mac.change_scripts.install_miniconda(state, installer, on_a_mac.CONTROLLER, "2026")
    )
    assert done.returncode == 1
    assert "ERROR: Could not create directory" in done.stderr
    assert f"the installer {installer.file} failed\n" in done.stderr
    assert list((mac.torchard / "kits").iterdir()) == []


def test_a_perl_that_reads_text_does_not_change_a_sha256(mac, own):
    """An account that tells Perl to decode what it reads gets the same sums."""
    real = mac.root / "real-shasum"
    (mac.root / "bin" / "shasum").rename(real)
    mac.tool("shasum", f'[ -z "${{PERL_UNICODE-}}" ] || echo x\nexec {real} "$@"')
    done = own("exit 3", PERL_UNICODE="SDA")
    assert "the installer Own.sh failed" in done.stderr


RUNS = LIKE_WHOLE.format(conda="exit 0", python="echo arm64")


@pytest.fixture
def settled(mac, own):
    """A Mac with a Miniconda of Torchard's, which shows one environment."""
    assert own(f"{RUNS}echo first >$3/first\n").returncode == 0
    (mac.prefix / "envs").mkdir()
    generation = mac.torchard / "generations" / "torch-1"
    generation.mkdir(parents=True)
    (mac.prefix / "envs" / "torch").symlink_to(generation)
    return mac


def test_another_version_replaces_one_of_our_own_and_shows_its_environments(settled, own):
    """The one before is kept beside it, whole; a second run has nothing to do."""
    before = settled.state
    done = own(f"{RUNS}echo second >$3/second\n")
    (kept,) = aside(settled)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"the Miniconda that was there is kept as {kept}\n"
    assert (kept / "first").exists()
    assert (settled.prefix / "second").exists()
    after = settled.state
    assert after.prefix_state == "whole"
    assert after.prefix_ours["sha256"] != before.prefix_ours["sha256"]
    assert after.links == before.links


def test_one_that_fails_leaves_the_version_that_was_there(settled, own):
    """Whatever the new installer left is set aside, and the old one is back at its place."""
    before = settled.state
    for text in ("exit 3", RUNS.replace("echo arm64", "echo x86_64")):
        done = own(text)
        assert done.returncode == 1
        assert "the earlier one is back at its place" in done.stderr
        assert replace(settled.state, clock=0, free=0) == replace(before, clock=0, free=0)


def test_a_version_that_a_run_beside_has_just_put_there_stays(settled, own):
    """A plan made for the version before does nothing to the one after."""
    script = install_script(settled, replace(NONE, file="Late.sh", sha256="1" * 64))
    assert own(RUNS).returncode == 0
    there = aside(settled)
    assert settled.run(script).returncode == 0
    assert aside(settled) == there


@pytest.mark.parametrize("name", ["mine", ".mine"])
def test_another_version_is_not_put_below_somebodys_environments(settled, own, name):
    """An environment that a person made since the plan is not taken from its place."""
    (settled.prefix / "envs" / name).mkdir()
    done = own(RUNS)
    assert done.returncode == 1
    assert f"a person made {settled.prefix}/envs/{name}" in done.stderr
    assert aside(settled) == []
    assert settled.state.prefix_ours is not None

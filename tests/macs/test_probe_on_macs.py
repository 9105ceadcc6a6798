"""What the probe reads of a whole Mac, whatever its names, its logins and its locks hold."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probed import (
    NOBODY,
    SHA256,
    SHELLS,
    STAMP,
    answer,
    conda_record,
    dist,
    generation,
    read,
    record,
    whole,
    write,
)
from profiles import examples

from simlab import macs
from torchard.mac import probe
from torchard.mac.state import InstalledConda, Link


def test_unreadable_parts_of_a_mac_are_passed_over(strangers):
    """The rest is reported all the same: a record has no sha256, a broken stamp is empty."""
    user = NOBODY if os.geteuid() == 0 else None
    path = generation(strangers)
    record(path, "a-1-0", conda_record(SHA256)).chmod(0o000)
    record(path, "b-1-0", conda_record(SHA256))
    write(path / ".torchard.json", STAMP).chmod(0o000)
    write(generation(strangers, "closed") / "x").parent.chmod(0o000)
    write(strangers / "home/.torchard/depot/x").parent.chmod(0o000)
    write(strangers / "home/.torchard/lock/owner").parent.chmod(0o000)
    write(strangers / "home/.zshrc", "# >>> conda initialize >>>\n").chmod(0o000)
    whole(strangers / "home/miniconda3")
    write(strangers / "home/miniconda3/envs/x/y").parent.parent.chmod(0o000)
    state = read(strangers, user=user)
    assert state.prefix_state == "whole"
    opened = state.environments[str(path)]
    assert opened.conda == (
        InstalledConda("a", "1", "0", None),
        InstalledConda("b", "1", "0", SHA256),
    )
    assert opened.stamp == {}
    assert not state.environments[f"{path.parent}/closed"].whole
    assert (state.shell_files[".zshrc"].state, state.shell_files[".zshrc"].block) == (
        "closed",
        None,
    )
    assert state.lock is not None
    assert not state.lock.is_busy


def test_generations_are_directories(root):
    """Links and files beside them are not environments."""
    path = generation(root)
    (path.parent / "link").symlink_to(path)
    write(path.parent / ".building-torch-abc")
    write(path.parent / "file")
    (path.parent / "bare").mkdir()
    state = read(root)
    assert {one: state.environments[one].whole for one in state.environments} == {
        f"{path.parent}/bare": False,
        str(path): True,
    }


def test_the_depot_holds_files_named_by_their_sha256(root):
    """With their sizes, also those that are not verified yet; other names are passed over."""
    depot = root / "home/.torchard/depot"
    write(depot / SHA256, "abc")
    write(depot / f"incoming/{'f' * 64}", "a")
    write(depot / "incoming/abc123", "a")
    write(depot / f"x ./{'e' * 64}", "a")
    write(depot / f"{'c' * 64} x", "a")
    write(depot / f"x\n./{'d' * 64}", "a")
    assert read(root).depot == {SHA256: 3, "f" * 64: 1}


@pytest.fixture
def pid(root):
    """A process of the Mac."""
    process = subprocess.Popen(["/bin/sleep", "600"], env=macs.environment(root))
    yield process.pid
    process.kill()
    process.wait()


def started(root, pid):
    return macs.run(root, f"TZ=UTC0 LC_ALL=C ps -o lstart= -p {pid}").stdout.rstrip("\n")


@pytest.mark.parametrize("signed", ["running", "step"])
def test_a_run_at_work_differs_from_one_that_is_gone(root, pid, signed):
    """By its process, or that of its step, and its start in UTC: a number could be another's."""
    lock = root / "home/.torchard/lock"
    write(lock / "owner", "12-ab 1700000000 ann@imac of Ann\n")
    write(lock / "running", "999999999\nMon Jan  1 00:00:00 2001\n2001-01-01 00:00 UTC\n")
    write(lock / signed, f"{pid}\n{started(root, pid)}\n")
    state = read(root, TZ="Asia/Tokyo")
    assert state.lock is not None
    assert (state.lock.token, state.lock.since) == ("12-ab", 1_700_000_000)
    assert (state.lock.who, state.lock.processes) == ("ann@imac of Ann", (pid,))


@pytest.mark.parametrize(
    "running",
    [None, "", "1\n", "999999999\n", "1\nMon Jan  1 00:00:00 2001\n", "-1\nx\n", "x y\nz\n"],
)
def test_a_lock_whose_process_is_gone_is_not_busy(root, running):
    """Unsigned, half written, of a process that is gone, or whose number another has now."""
    (root / "home/.torchard/lock").mkdir(parents=True)
    if running is not None:
        write(root / "home/.torchard/lock/running", running)
    lock = read(root).lock
    assert lock is not None
    assert (lock.who, lock.since, lock.is_busy) == ("somebody", 0, False)


def test_a_home_may_have_any_name(root):
    """Spaces, quotes, a dollar, a newline, letters beyond ASCII."""
    home = root / "the home\tof 'Jürgen' \"$HOME\" `id`\n*"
    generation(root)
    shutil.move(root / "home", home)
    whole(home / "miniconda3")
    state = read(root, HOME=str(home))
    assert (state.home, state.prefix_state) == (str(home), "whole")
    assert list(state.environments) == [f"{home}/.torchard/generations/torch-abc"]


@settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1
        ).filter(lambda name: not name.startswith(".") and len(name.encode()) < 200),
        min_size=1,
        max_size=20,
        unique=True,
    )
)
def test_every_name_comes_back_as_it_is(root, names):
    """Names and targets of links, whatever characters they are made of."""
    envs = whole(root / "home/miniconda3") / "envs"
    shutil.rmtree(envs, ignore_errors=True)
    envs.mkdir()
    for name in names:
        (envs / name).symlink_to(f"/x/{name}y")
    state = probe.parse(answer(root, SHELLS[0]).decode("ascii").splitlines())
    assert state.links == {name: Link(name, f"/x/{name}y") for name in names}


def test_a_link_to_bytes_that_are_not_text_is_readable(root):
    """No name on a Mac is made of them, but what a link leads to may be."""
    envs = whole(root / "home/miniconda3") / "envs"
    envs.mkdir()
    (envs / "torch").symlink_to(os.fsdecode(b"/x\xff\xfe"))
    assert read(root).links == {"torch": Link("torch", "/x\\xff\\xfe")}


def test_what_a_login_prints_is_passed_over(root):
    """A banner without a newline, and one that looks like an answer."""
    noise = r"printf 'kernel\tLinux\nend\tok\nlink\tx\t-\nbegin\nlock\t\t1\nend\nWelcome'; "
    state = read(root, before=noise)
    assert (state.links, state.lock) == ({}, None)


def test_the_answer_is_ascii_though_everything_else_is_not(root):
    """After a byte that is not UTF-8, pyinfra would lose the rest of an answer."""
    path = generation(root)
    write(path / ".torchard.json", b"\xff\x80")
    write(root / "home/.torchard/lock/owner", b"\xff 1 \xff")
    record(path, "x-1-0", b'{\n  "sha256": "\xff"\n}')
    dist(path, os.fsdecode(b"caf\xe9-1.dist-info"))
    for shell in SHELLS:
        answer(root, shell).decode("ascii")


def test_a_host_that_is_not_a_mac_is_named(root):
    """The same script runs on Linux, and its answer is refused there."""
    shutil.rmtree(root / "bin")
    with pytest.raises(probe.ProbeError, match="it runs Linux, not macOS"):
        read(root, PATH="/usr/bin:/bin")


def test_no_program_is_started_for_a_package(root, tmp_path):
    """A Mac with two hundred packages costs no more processes than one with two."""
    log = tmp_path / "started"
    wrapped = tmp_path / "wrapped"
    wrapped.mkdir()
    for tool in (root / "bin").iterdir():
        text = f'#!/bin/sh\necho {tool.name} >>{log}\nexec {tool} "$@"\n'
        write(wrapped / tool.name, text).chmod(0o755)

    def count(packages):
        for number in range(packages):
            for name in ("one", "two"):
                path = generation(root, name)
                record(path, f"p{number}-1-0", conda_record(SHA256))
                dist(path, f"d{number}-1.dist-info")
        write(log)
        lines = answer(root, SHELLS[0], PATH=str(wrapped)).decode().splitlines()
        assert [len(one.conda) for one in probe.parse(lines).environments.values()] == [
            packages
        ] * 2
        return sorted(log.read_text().split())

    assert count(2) == count(200)

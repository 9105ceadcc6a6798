"""The processes of a simulated Mac are its own: no other Mac, and not the host, is seen there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from simlab import macs, processes
from simlab.spec import MacSpec


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Two Macs, of which one's name begins with the other's."""
    spec = [MacSpec("mac", "arm64", "15.1"), MacSpec("mac-2", "arm64", "15.1")]
    return macs.build(tmp_path_factory.mktemp("processes"), spec)


@pytest.fixture
def started(roots):
    """A process of each Mac that runs in / with nothing but a PATH, as a step of Torchard does."""
    made = {}
    for name, root in roots.items():
        path = macs.environment(root)["PATH"]
        made[name] = subprocess.Popen(
            ["/bin/sh", "-c", "echo; read -r line"],
            cwd="/",
            env={"PATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        processes.begin(root, made[name].pid)
        assert made[name].stdout.readline() == b"\n"
    yield {name: one.pid for name, one in made.items()}
    for one in made.values():
        one.communicate(b"\n")


@pytest.mark.parametrize(
    "asked",
    ["ps -o lstart= -p {}", "ps -o pid= -o command= -p {}", "kill={}; env kill -0 $kill"],
)
def test_a_process_is_known_on_its_own_mac_alone(roots, started, asked):
    """On the other one, ps and the program kill know no such process; nor do they the host's."""
    for name, root in roots.items():
        for other, pid in {**started, "host": os.getpid()}.items():
            done = macs.run(root, asked.format(pid))
            assert (done.returncode == 0) is (name == other), done
            if asked.startswith("ps") and name != other:
                assert done.stdout == ""


def test_listings_hold_the_macs_own_processes(roots, started):
    """`ps -A` and `lsof` list what runs there, with the shell that asks."""
    for name, root in roots.items():
        done = macs.run(root, "echo $$; ps -A -o pid= -o uid=; echo; lsof -n -P -w -F pn")
        listed, _, opened = done.stdout.partition("\n\n")
        shell, *rows = listed.splitlines()
        numbers = {int(row.split()[0]) for row in rows}
        assert {int(shell), started[name]} <= numbers
        assert numbers.isdisjoint({os.getpid(), *started.values()} - {started[name]})
        files = opened.splitlines()
        assert f"p{started[name]}" in files
        assert {f"p{os.getpid()}", *(f"p{pid}" for pid in started.values())} & set(files) == {
            f"p{started[name]}"
        }


def test_an_open_file_is_listed_with_its_process(roots, tmp_path):
    """The folder of the process, and what it has open."""
    (tmp_path / "x y").write_text("")
    asked = f"cd '{tmp_path}'; exec 5<'x y'; echo $$; lsof -n -P -w -F pn"
    pid, *lines = macs.run(roots["mac"], asked).stdout.splitlines()
    own = lines[lines.index(f"p{pid}") + 1 :]
    own = own[: next((n for n, line in enumerate(own) if line[0] == "p"), None)]
    assert {f"n{tmp_path.resolve()}", f"n{tmp_path.resolve() / 'x y'}"} <= set(own)


def test_what_would_reach_past_the_mac_is_rejected(roots):
    """Lsof has no long options. What is not simulated says so, before it touches the host."""
    done = macs.run(roots["mac"], "lsof --help")
    assert (done.returncode, "illegal option" in done.stderr) == (1, True)
    for command in ("pkill -f simlab", "pgrep -l sh"):
        assert macs.run(roots["mac"], command).returncode == 70


def test_the_start_of_a_process_is_28_columns_wide(roots):
    """Four of them blank (Apple's shell_cmds, ps/keyword.c), and TZ counts."""
    script = "ps -o lstart= -p $$; export TZ=Asia/Tokyo; ps -o lstart= -p $$;"
    script += " ps -o lstart= -o pid= -p $$"
    here, there, row = macs.run(roots["mac"], script).stdout.splitlines()
    assert [len(here), len(there), len(here.rstrip())] == [28, 28, 24]
    assert here != there
    assert row.startswith(there)
    gone = macs.run(roots["mac"], "sh -c 'echo $$' >pid; ps -o lstart= -p $(cat pid)")
    assert (gone.returncode, gone.stdout) == (1, "")


def test_a_header_takes_the_rest_of_its_word(roots):
    """As in POSIX and in Apple's ps, where a comma after `=` begins no column."""
    script = "ps -o pid=,pgid= -p $$; ps -o pid=,pgid= -p $$ | wc -w"
    title, row, words = macs.run(roots["mac"], script).stdout.splitlines()
    assert title.split() == [",pgid="]
    assert row.split()[0].isdigit()
    assert words.split() == ["2"]


def test_sessions_decide_where_no_variables_can_be_read(roots, started, monkeypatch):
    """As on a macOS host, which has no /proc."""
    monkeypatch.setattr(processes, "_PROC", Path("/nonexistent"))
    mac, other = (str(root) for root in roots.values())
    assert processes.belongs(started["mac"], mac)
    assert not processes.belongs(started["mac"], other)
    assert processes.belongs(1, other)
    assert not processes.belongs(1 << 22, other)

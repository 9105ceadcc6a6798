"""Several controllers start with one Mac at once: one works, the others report who works there."""

from __future__ import annotations

import itertools
import json
import queue
import re
import shutil
import subprocess
import threading
from contextlib import ExitStack, contextmanager

import pytest
from faultlab import PATIENCE, held, meeting, started, variant

from simlab.lab import SimLab
from simlab.spec import MacSpec

FIRST = 'pip: ["einops"]'
SECOND = "pip: []"
ROUNDS = [pytest.param(2, id="2"), pytest.param(100, id="100", marks=pytest.mark.nightly)]
NAMES = ("first", "second", "third")
COMMANDS = ("apply", "prune", "rollback", "plan", "status", "verify", "unlock")
WRITING = frozenset({"apply", "prune", "rollback"})
# What a command says that came too late: who works there, or what has changed since it looked.
# A run is nameless for the moment between its lock's signature and its name.
BUSY = re.compile(
    r"(?:(\w+)@\S+|somebody) (?:is at work (?:there|on this Mac)|holds the run lock of)"
)
OVERTAKEN = re.compile(
    r"it changed after planning and was left alone|another generation of \w+ is active now"
    r"|not as planned: |it was rolled back already|it is not there"
)
SPY = """#!/bin/sh
{ read -r token _ <'LOCK/owner' && echo "$token" >>'LOG'; } 2>/dev/null
exec 'REAL' "$@"
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """A Mac, and two lab files: it has the generations of both, so each is only to be shown."""
    directory = tmp_path_factory.mktemp("two") / "lab"
    with SimLab(directory, [MacSpec("studio-01", "arm64", "15.1")], simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8")
        lab.lab_file.write_text(text.replace("{release: stable}", "false"), encoding="utf-8")
        lab.files = [lab.lab_file]
        bring(torchard, lab.lab_file)
        lab.files.append(variant(lab, directory.parent / "other/lab.yaml", (FIRST, SECOND)))
        bring(torchard, lab.files[1])
        yield lab


def bring(torchard, lab_file):
    done = torchard("apply", lab_file, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


def leave_lock(mac):
    """Leave the lock of a run that is gone."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    lock = mac.home / ".torchard/lock"
    shutil.rmtree(lock, ignore_errors=True)
    lock.mkdir()
    (lock / "owner").write_text("old 1700000000 eve@desk\n")
    (lock / "running").write_text(f"{process.pid}\nThu Jan  1 00:00:00 2026\n")


def race(mac, lab_file):
    """Let two controllers come to the lock together; return each one's exit code and its Mac.

    The one that gets it is held at its last step until the other has ended, which comes first.
    """
    ended: queue.Queue[tuple[str, int, dict]] = queue.Queue()

    def wait(name, process):
        out, errors = process.communicate()
        macs = json.loads(out)["macs"] if out else {"studio-01": {"reason": errors}}
        ended.put((name, process.returncode, macs["studio-01"]))

    words = ("apply", lab_file, "--yes", "--json")
    with (
        meeting(mac, "lock.try-", tool="rmdir") as lock,
        held(mac, "generation.py activate") as work,
        started(*words, LOGNAME=NAMES[0]) as one,
        started(*words, LOGNAME=NAMES[1]) as two,
    ):
        threads = [
            threading.Thread(target=wait, args=pair, daemon=True)
            for pair in zip(NAMES, (one, two), strict=False)
        ]
        for thread in threads:
            thread.start()
        lock.wait(2)
        lock.release(50)  # the scripts that follow meet nobody
        work.wait()
        refused = ended.get(timeout=PATIENCE)
        assert ended.empty()
        work.release()
        answers = [refused, ended.get(timeout=PATIENCE)]
        for thread in threads:
            thread.join()
    return answers


@pytest.mark.parametrize("rounds", ROUNDS)
def test_exactly_one_proceeds_and_the_other_says_who_and_since_when(lab, rounds):
    """Each round, also where both find the lock of a dead run: it expires, for one of them."""
    mac = lab.macs["studio-01"]
    link = mac.home / "miniconda3/envs/torch"
    for number in range(rounds):
        before = link.readlink()
        if number % 2:
            leave_lock(mac)
        (loser, lost, refused), (winner, won, done) = race(mac, lab.files[number % 2])
        assert {loser, winner} == set(NAMES[:2])
        assert (lost, won) == (1, 0), (refused, done)
        said = (
            rf"{winner}@\S+ is at work on this Mac since 20\d\d-\d\d-\d\d \d\d:\d\d \w+"
            r"(; its lock ends at \d\d:\d\d \w+ if it does not go on)?; nothing was done"
        )
        assert re.fullmatch(said, refused["reason"]), refused["reason"]
        assert (refused["state"], done["state"]) == ("failed", "up_to_date")
        assert [step["action"] for step in done["steps"]] == ["activate"]
        assert link.readlink() != before
        assert not list((mac.home / ".torchard").glob("lock*"))


@contextmanager
def spied(mac, log):
    """Let a Mac note the run of each of its steps."""
    tools = [mac.root / "bin" / tool for tool in ("caffeinate", "mv")]
    for tool in tools:
        real = tool.rename(f"{tool}-itself")
        spy = SPY.replace("LOCK", str(mac.home / ".torchard/lock"))
        tool.write_text(spy.replace("LOG", str(log)).replace("REAL", str(real)))
        tool.chmod(0o755)
    try:
        yield
    finally:
        for tool in tools:
            tool.with_name(f"{tool.name}-itself").rename(tool)


@pytest.fixture(scope="module")
def pruning(lab, torchard):
    """A lab file that names another environment than `torch`, which the Mac has already."""
    path = variant(
        lab,
        lab.directory.parent / "pruning/lab.yaml",
        ("environments:\n  torch:", "environments:\n  other:"),
        ("[torch]", "[other]"),
        ("macs:\n", "prune: true\nmacs:\n"),
    )
    bring(torchard, path)
    return path


def command(name, lab, pruning):
    """Return the words of a command: an apply asks for the generation that is not shown."""
    second = lab.files[1]
    if name == "prune":
        return ["apply", pruning, "--yes", "--json"]
    return {
        "apply": ["apply", lab.files[0], "--yes", "--json"],
        "rollback": ["rollback", "torch", second, "--yes", "--json"],
        "unlock": ["unlock", "studio-01", second],
    }.get(name, [name, second, "--json"])


def judge(name, who, out, errors, code):
    """Check what one of several commands says; return whether it has changed the Mac."""
    said = out + errors
    assert "Traceback" not in said, said
    found = BUSY.search(said)
    if found:
        assert found[1] in {None, *NAMES} - {who}, said
        assert code in {1, 3}, said
        return False
    if name == "unlock":
        assert (code, out) == (0, "No run holds the lock of studio-01.\n"), said
        return False
    mac = json.loads(out)["macs"]["studio-01"]
    if mac["state"] == "up_to_date":  # another run may have done it before this one looked
        return any(step.get("outcome") == "done" for step in mac["steps"])
    if name in WRITING:
        assert mac["state"] in {"blocked", "failed"}, said
        assert OVERTAKEN.search(said), said
    return False


def play(names, lab, pruning, torchard, log):
    """Give a Mac several commands at once, and check what each says and what is there then."""
    mac = lab.macs["studio-01"]
    bring(torchard, lab.files[0])
    bring(torchard, lab.files[1])
    log.write_text("")
    with spied(mac, log), ExitStack() as stack:
        running = [
            stack.enter_context(started(*command(name, lab, pruning), LOGNAME=who))
            for name, who in zip(names, NAMES, strict=False)
        ]
        ends = [(*one.communicate(), one.returncode) for one in running]
    wrote = [judge(name, who, *end) for name, who, end in zip(names, NAMES, ends, strict=False)]
    assert any(wrote) == bool(WRITING.intersection(names)), ends
    # The steps of a run are together: nobody works in between.
    runs = [token for token, _ in itertools.groupby(log.read_text().split())]
    assert len(runs) == len(set(runs)), runs
    assert runs or not any(wrote)
    assert not list((mac.home / ".torchard").glob("lock*"))
    shown = mac.home / "miniconda3/envs/torch"
    assert shown.exists() or "prune" in names
    if shown.exists():
        assert mac.run(f"{shown}/bin/python -c 'import sys'").returncode == 0


def test_a_pair_of_commands(lab, torchard, tmp_path):
    """An apply and a rollback: one run works at a time, and nothing is lost."""
    play(("apply", "rollback"), lab, None, torchard, tmp_path / "log")


PAIRS = [*itertools.combinations_with_replacement(COMMANDS, 2)]
TRIPLES = [*itertools.combinations_with_replacement(COMMANDS, 3)]


@pytest.mark.nightly
@pytest.mark.parametrize("names", [*PAIRS, *TRIPLES], ids="-".join)
def test_every_pair_and_triple_of_commands(lab, request, torchard, tmp_path, names):
    """One run works at a time, each other one says who, and nothing is lost."""
    pruning = request.getfixturevalue("pruning") if "prune" in names else None
    play(names, lab, pruning, torchard, tmp_path / "log")

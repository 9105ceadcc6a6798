"""Two controllers start with one Mac at once: one works, the other reports who works there."""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import threading

import pytest
from faultlab import PATIENCE, held, meeting, started, variant

from simlab.lab import SimLab
from simlab.spec import MacSpec

FIRST = 'pip: ["einops"]'
SECOND = "pip: []"
ROUNDS = [pytest.param(5, id="5"), pytest.param(100, id="100", marks=pytest.mark.nightly)]
NAMES = ("first", "second")


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
            for pair in zip(NAMES, (one, two), strict=True)
        ]
        for thread in threads:
            thread.start()
        lock.wait(2)
        lock.release(2)
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
        assert {loser, winner} == set(NAMES)
        assert (lost, won) == (1, 0), (refused, done)
        said = rf"{winner}@\S+ is at work on this Mac since 20\d\d-\d\d-\d\d \d\d:\d\d \w+;.*"
        assert re.fullmatch(said, refused["reason"]), refused["reason"]
        assert (refused["state"], done["state"]) == ("failed", "up_to_date")
        assert [step["action"] for step in done["steps"]] == ["activate"]
        assert link.readlink() != before
        assert not (mac.home / ".torchard/lock").exists()
        assert not (mac.home / ".torchard/lock.breaking").exists()

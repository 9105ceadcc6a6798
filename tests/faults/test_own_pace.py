"""Each Mac goes at its own pace, and batches wait for each other."""

from __future__ import annotations

import json
import os
import shutil
import socket

import pytest
from faultlab import commands, count_commands, held, started

from simlab.lab import SimLab
from simlab.spec import MacSpec

NAMES = ("slow", "quick", "rest", "canary")
PLAIN = 'environments:\n  tools: {python: "3.12", pytorch: false, conda: [rhash]}\n'


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Four Macs of two classes with nothing yet, an environment without PyTorch, and its locks."""
    spec = [MacSpec(name, "arm64", "14.5" if name == "canary" else "15.1") for name in NAMES]
    with SimLab(tmp_path_factory.mktemp("pace") / "lab", spec, simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8")
        text = PLAIN + "groups:\n" + text.partition("groups:\n")[2]
        lab.lab_file.write_text(text.replace("[torch]", "[tools]"), encoding="utf-8")
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


@pytest.fixture(scope="module")
def other(lab):
    """A lab file that asks the same Macs for another package."""
    path = lab.directory / "other.yaml"
    path.write_text(lab.lab_file.read_text().replace("[rhash]", "[nodejs]"), encoding="utf-8")
    return path


def read_events(process, *last):
    """Return the events that a command prints, up to those of the Macs that end last."""
    found, left = [], set(last)
    while left:
        line = process.stderr.readline()
        assert line, found
        found.append(line)
        left -= {name for name in left if line.startswith(f"[{name}] done in ")}
    return found


def test_a_mac_that_hangs_holds_up_no_other(lab):
    """It keeps one of the places of --parallel, and the other Macs go through the others."""
    limits = ("--limit", "slow,quick,rest", "--parallel", "2")
    with (
        held(lab.macs["slow"], "") as slow,
        started("apply", lab.lab_file, "--yes", "--json", *limits) as run,
    ):
        slow.wait()
        before = read_events(run, "quick", "rest")
        assert not [line for line in before if line.startswith("[slow] done")]
        slow.release()
        printed, _ = run.communicate(timeout=240)
    macs = json.loads(printed)["macs"]
    assert {mac["state"] for mac in macs.values()} == {"up_to_date"}


def test_a_batch_that_fails_keeps_the_rest_from_beginning(lab, other, torchard, tmp_path):
    """The Macs that --limit names first are the canaries; the result says why the rest waits."""
    tool = lab.macs["canary"].root / "bin" / "caffeinate"
    whole = tool.read_text(encoding="utf-8")
    tool.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    count_commands(lab.macs["rest"])
    batches = ("--limit", "canary", "--limit", "rest,slow", "--batch", "1")
    first = torchard("apply", other, "--yes", "--json", *batches)
    tool.write_text(whole, encoding="utf-8")
    assert first.returncode == 1, first.stderr
    macs = json.loads(first.stdout)["macs"]
    assert {name: mac["state"] for name, mac in macs.items()} == {
        "slow": "change",
        "rest": "change",
        "canary": "failed",
    }
    reason = (
        "not started, because the batch before it has failed: its only Mac, and --stop-after is 0."
        " Repair canary, then run the same command again"
    )
    for name in ("slow", "rest"):
        assert macs[name]["reason"] == reason
        assert [step["outcome"] for step in macs[name]["steps"]] == ["not_started"]
        assert macs[name].get("seconds") is None
    assert commands(lab.macs["rest"]) <= 2  # it was read, and nothing else
    lab.macs["rest"].set(fault=None)

    report = tmp_path / "report.json"
    report.write_text(first.stdout, encoding="utf-8")
    shown = torchard("show", report)
    assert shown.returncode == 1
    assert " ".join(shown.stdout.split()).count(reason) == 1  # both Macs are one block
    assert "Done: 0 Macs up to date, 1 failed, 2 still to change." in shown.stdout

    again = torchard("apply", other, "--yes", "--only-failed-from", report, "--batch", "2")
    assert again.returncode == 0, again.stdout
    assert "Done: 3 Macs up to date." in again.stdout
    ended = [line.partition("]")[0] for line in again.events if " done in " in line]
    assert set(ended[:2]) == {"[slow", "[rest"}  # the lab's order


def test_a_mac_whose_lock_is_there_waits_for_no_solver(lab, other, torchard):
    """It is done while the lock of another class is still being solved, of which nothing comes.

    Its plan is printed before it is changed; the other Mac's, and the count of all, come later.
    """
    for asked in (lab.lab_file, other):  # so that the Mac needs no file any more
        assert torchard("apply", asked, "--yes", "--limit", "rest").returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(240)
        file = lab.directory / "unsolved.yaml"
        text = lab.lab_file.read_text(encoding="utf-8")
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        file.write_text(text.replace(f"{lab.web_url}/conda", address), encoding="utf-8")
        locks = lab.directory / "locks"
        (locks / "unsolved").mkdir()
        known = "tools.osx-arm64-macos15.json"
        shutil.copy(locks / "lab" / known, locks / "unsolved" / known)
        with started("apply", file, "--yes", "--limit", "rest,canary") as run:
            solver, _ = silent.accept()
            read_events(run, "rest")
            assert run.poll() is None
            shown = os.read(run.stdout.fileno(), 1 << 16).decode()
            assert "\n  ~ tools " in shown
            assert not {"canary", "Plan:"} & {*shown.split()}
            solver.close()
            silent.close()
            printed, _ = run.communicate(timeout=240)
    assert run.returncode == 3
    plan, _, done = printed.partition("\nPlan: 1 Mac to change, 0 up to date, 1 blocked.")
    assert "could not be read from" in plan
    assert "· rest ·" not in plan
    assert "active again" in done
    assert done.endswith("\nDone: 1 Mac up to date, 1 blocked.\n")


def test_a_bound_of_failures_goes_with_batches(lab, torchard):
    """Without --batch there is nothing that it could stop."""
    done = torchard("apply", lab.lab_file, "--yes", "--stop-after", "1")
    assert done.returncode == 1
    assert "--stop-after goes with --batch" in done.stderr

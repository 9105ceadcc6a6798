"""After an apply that failed on some Macs, another one takes only those."""

from __future__ import annotations

import json

import pytest
from faultlab import commands, count_commands

from simlab.lab import SimLab
from simlab.spec import MacSpec

NAMES = ("good", "off", "broken")


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot):
    """Three Macs with nothing yet, by a lab without PyTorch."""
    spec = [MacSpec(name, "arm64", "15.1") for name in NAMES]
    with SimLab(tmp_path_factory.mktemp("failed") / "lab", spec, simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8").replace("{release: stable}", "false")
        lab.lab_file.write_text(text, encoding="utf-8")
        yield lab


def test_only_the_macs_that_an_apply_left_behind_are_taken(lab, torchard, tmp_path):
    """An up-to-date Mac is not even contacted; --limit takes some of the others.

    A Mac that the lab no longer names is reported. If no Mac is left, the command says so.
    """
    report = tmp_path / "report.json"

    def again(command, *options, code):
        count_commands(lab.macs["good"])
        done = torchard(command, lab.lab_file, "--only-failed-from", report, *options)
        assert done.returncode == code, done.stdout + done.stderr
        assert commands(lab.macs["good"]) == 0
        lab.macs["good"].set(fault=None)
        return done

    lab.macs["off"].set(fault="refuse")
    tool = lab.macs["broken"].root / "bin" / "caffeinate"
    whole = tool.read_text(encoding="utf-8")
    tool.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    first = torchard("apply", lab.lab_file, "--yes", "--json")
    tool.write_text(whole, encoding="utf-8")
    lab.macs["off"].set(fault=None)
    assert first.returncode == 1, first.stderr
    data = json.loads(first.stdout)
    states = [mac["state"] for mac in data["macs"].values()]
    assert states == ["up_to_date", "unreachable", "failed"]
    data["macs"]["attic"] = data["macs"]["off"]
    report.write_text(json.dumps(data), encoding="utf-8")

    planned = again("plan", "--limit", "good,broken", "--json", code=2)
    assert list(json.loads(planned.stdout)["macs"]) == ["broken"]
    assert planned.stderr == f"{report} names attic, which lab.yaml does not have any more.\n"
    none = again("plan", "--limit", "good", code=0)
    assert f"None of these Macs failed in {report}.\n" in none.stderr

    done = again("apply", "--yes", "--json", code=0)
    assert {name: mac["state"] for name, mac in json.loads(done.stdout)["macs"].items()} == {
        "off": "up_to_date",
        "broken": "up_to_date",
    }
    report.write_text(done.stdout, encoding="utf-8")
    nothing = again("apply", "--yes", code=0)
    assert nothing.stderr == f"Nothing failed in {report}.\n"
    assert nothing.stdout.endswith("Nothing has been changed.\n")

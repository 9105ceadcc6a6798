"""What each command ends with: 0, 2 where a plan has changes, 3 where a Mac is left alone, 1.

Where several hold, 1 wins over 3, and 3 over 2. The commands that contact no Mac, and usage
errors, are in tests/unit/cli/test_cli.py; interruptions, which are 130, in test_at_a_terminal.py.
"""

from __future__ import annotations

import json
import os
import re

import pytest

from simlab.lab import SimLab
from simlab.spec import MacSpec

SHA256 = re.compile(r'sha256: "[0-9a-f]{64}"')


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Three Macs of one class: one up to date, one with nothing yet, one off; and labs with errors.

    Their environment is one without PyTorch: what is tested here is the same with it.
    """
    spec = [MacSpec(name, "arm64", "15.1") for name in ("good", "bare", "off")]
    with SimLab(tmp_path_factory.mktemp("codes") / "lab", spec, simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8")
        text = text.replace("{release: stable}", "false")
        wrong = f'sha256: "{64 * "0"}"'
        labs = {
            "lab": text,
            "broken": "mac: {}\n",
            "other-arch": text.replace("arch: arm64", "arch: x86_64"),
            "wrong-sha256": SHA256.sub(wrong, text),
            "impossible": text.replace('["einops"]', '["einops>99"]'),
            "unlocked/lab": text,
            "no-class": re.sub(r" +(arch|macos): .*\n", "", text),
        }
        (lab.directory / "unlocked").mkdir()
        for name, content in labs.items():
            (lab.directory / f"{name}.yaml").write_text(content, encoding="utf-8")
        lab.applied = torchard("apply", lab.lab_file, "--yes", "--limit", "good")
        lab.macs["off"].set(fault="refuse")
        yield lab


@pytest.fixture
def command(lab, torchard):
    """Run a command as a table has it: `plan lab --limit good`."""

    def run(words):
        name, lab_file, *options = words.split()
        return torchard(name, lab.directory / f"{lab_file}.yaml", *options)

    return run


def test_a_mac_that_was_brought_up_to_date_is_0(lab):
    """An apply that did all that it showed."""
    assert (lab.applied.returncode, lab.applied.stderr) == (0, "")
    assert lab.applied.stdout.endswith("Done: 1 Mac up to date.\n")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("lock lab --check", 0, "kept +torch for osx-arm64-macos15"),
        ("lock unlocked/lab --check", 2, "out of date +torch for osx-arm64-macos15"),
        ("lock impossible", 1, "einops>99"),
        ("lock no-class --check", 1, "off: .*no-class.yaml:.* does not say its arch and macOS"),
        ("plan lab --limit good", 0, "Plan: 0 Macs to change, 1 up to date"),
        ("plan lab --limit bare", 2, "Plan: 1 Mac to change, 0 up to date"),
        ("plan lab", 3, "Plan: 1 Mac to change, 1 up to date, 1 unreachable"),
        ("plan other-arch --limit good", 3, "says it is x86_64, but it is arm64"),
        ("plan impossible --limit bare", 3, "(?s)blocked +torch: .*einops>99"),
        ("plan unlocked/lab --locked", 1, "The lock .* is missing"),
        ("plan broken", 1, 'the file has no key "?mac"?'),
        ("plan lab --explain good", 0, "= torch +~/.torchard/generations/torch-.* was built from"),
        ("plan lab --explain bare", 2, r"\+ torch +not there yet; .* packages to change"),
        ("plan lab --explain off", 3, "(?s)Why it is left alone.* refused the connection"),
        ("plan impossible --explain bare", 3, "(?s)Why it is left alone.*einops>99"),
        ("plan unlocked/lab --locked --explain good", 1, "The lock .* is missing"),
        ("plan lab --explain goood", 1, "(?s)lab.yaml has no Mac goood..*Did you mean good?"),
        ("apply lab --limit good", 0, "Plan: 0 Macs to change, 1 up to date"),
        ("apply lab --limit bare", 1, "Nothing was changed: there is no terminal to ask at"),
        ("apply lab --yes --limit good,off", 3, "Plan: 0 Macs to change, 1 up to date, 1 unr"),
        ("apply other-arch --yes --limit good", 3, "says it is x86_64, but it is arm64"),
        (
            "apply wrong-sha256 --yes --limit bare,off",
            1,
            "(?s)wanted 0{64}, found .*1 failed, 1 unreachable",
        ),
        ("apply unlocked/lab --yes --locked", 1, "The lock .* is missing"),
        ("apply broken --yes", 1, 'the file has no key "?mac"?'),
        ("verify lab --limit good", 0, "verified: python 3.12"),
        ("verify lab --limit bare", 1, "torch: it is not there; run `torchard apply`"),
        ("verify lab --limit off", 3, "refused the connection"),
        ("verify lab", 1, "Done: 1 Mac up to date, 1 failed, 1 unreachable"),
        ("verify other-arch --limit good", 3, "says it is x86_64, but it is arm64"),
        ("verify unlocked/lab --locked", 1, "The lock .* is missing"),
        ("verify broken", 1, 'the file has no key "?mac"?'),
    ],
    ids=lambda value: value if isinstance(value, str) and value.count(" ") else "",
)
def test_an_outcome_has_its_code_and_its_sentence(lab, command, words, code, says):
    """Each command with each of its outcomes; what is printed says which it is, and no traceback.

    No file comes to a Mac that is blocked or unreachable, or whose file fails on its way.
    """
    before = files(lab)
    done = command(words)
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert re.search(says, printed), printed
    assert "Traceback" not in printed
    assert files(lab) == before


def test_of_a_plan_that_is_explained_only_that_mac_is_contacted(lab, command):
    """The others are not even connected to; as JSON it is one document, with the same code."""
    lab.macs["bare"].set(fault={"drop_after": 99})  # which counts commands
    done = command("plan lab --explain good --json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)["explain"]
    assert (told["mac"], told["state"], told["found"]["conda"]) == ("good", "up_to_date", "26.5.3")
    assert [part["action"] for part in told["parts"]] == [None, None]
    assert not (lab.macs["bare"].root / "commands").exists()
    command("plan lab --explain bare")
    assert (lab.macs["bare"].root / "commands").exists()
    lab.macs["bare"].set(fault=None)


def files(lab):
    """Every file of every Mac, with the time of its last change."""
    return {
        path: os.lstat(path).st_ctime_ns
        for mac in lab.macs.values()
        for path in mac.home.rglob("*")
        if not path.is_dir()
    }


@pytest.mark.parametrize(
    ("words", "code", "states"),
    [
        ("plan lab", 3, "up_to_date change unreachable"),
        ("apply wrong-sha256 --yes --limit bare,off", 1, "failed unreachable"),
        ("verify lab --limit good,bare", 1, "up_to_date failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_json_is_alone_on_stdout_and_agrees_with_the_code(command, words, code, states):
    """One document, in the lab's order of Macs; its statuses give the exit code."""
    done = command(f"{words} --json")
    assert (done.returncode, done.stderr) == (code, "")
    told = json.loads(done.stdout)
    assert [mac["state"] for mac in told["macs"].values()] == states.split()
    assert {state: told["summary"][state] for state in states.split()} == {
        state: states.split().count(state) for state in states.split()
    }
    for mac in told["macs"].values():
        assert (mac["reason"] is not None) == (mac["state"] in {"unreachable", "failed", "blocked"})

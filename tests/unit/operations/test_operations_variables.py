"""The lab's variables of an environment, and those of a person, in conda-meta/state."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from generation_tree import build, look, start, write

from torchard.mac.probe import read_part
from torchard.operations.scripts.conda_state import STATE

UNSET = "***unset***"  # what conda notes of a variable that a person unset


def generation(path, labs, found):
    """Make a generation that was built with variables of the lab; `found` is there now."""
    write(path, STATE, json.dumps({"env_vars": labs}))
    build(path)
    stamp = {"environment": "torch", "verification": {}, "variables": labs}
    write(path, ".torchard.json", json.dumps(stamp))
    if found != labs:
        write(path, STATE, json.dumps({"env_vars": found})).chmod(0o600)
    return path


def update(tmp_path, before, labs):
    """Carry over to the next generation, which was built with variables of the lab."""
    after = generation(tmp_path / "torch-2", labs, labs) if labs else build(tmp_path / "torch-2")
    kit = tmp_path / "kit"
    write(kit, "kit.json", json.dumps({"stamp": {"environment": "torch", "variables": labs}}))
    done = start("carry_over.py", "copy", kit, before, after, "/envs/torch")
    assert (done.returncode, done.stderr) == (0, "")
    return after


def read(path):
    """Return the variables of a generation."""
    return json.loads((path / STATE).read_text())["env_vars"]


def test_the_labs_own_variables_are_not_a_persons(tmp_path):
    """Neither after conda wrote the same values again."""
    path = generation(tmp_path / "torch-1", {"A": "1"}, {"A": "1"})
    assert look(path)["unsaved"]["count"] == 0
    write(path, STATE, '{"env_vars": {"A":  "1"}}')
    assert look(path)["unsaved"]["count"] == 0


@pytest.mark.parametrize("found", [{"A": "1", "MINE": "x"}, {"A": "2"}, {"A": UNSET}])
def test_what_a_person_set_or_unset_is_a_setting_of_theirs(tmp_path, found):
    """The plan says that it is carried over, and a rollback or removal does not lose it."""
    path = generation(tmp_path / "torch-1", {"A": "1"}, found)
    assert look(path)["carried"]["names"] == [STATE]
    after = update(tmp_path, path, {"A": "1"})
    assert look(path, after)["unsaved"]["count"] == 0


def test_a_persons_variables_win_and_the_labs_follow_the_lab(tmp_path):
    """Of the lab's, a new one comes, a changed one changes, and a removed one goes."""
    labs = {"OLD": "1", "KEPT": "1", "THEIRS": "1", "GONE": "1"}
    found = {**labs, "THEIRS": "2", "GONE": UNSET, "MINE": "x"}
    path = generation(tmp_path / "torch-1", labs, found)
    after = update(tmp_path, path, {"KEPT": "3", "THEIRS": "4", "GONE": "5", "NEW": "1"})
    assert read(after) == {"KEPT": "3", "THEIRS": "2", "GONE": UNSET, "NEW": "1", "MINE": "x"}
    assert (after / STATE).stat().st_mode & 0o777 == 0o600


def test_a_persons_variables_stay_if_the_lab_names_none_any_more(tmp_path):
    """Those of the lab do not become a person's."""
    path = generation(tmp_path / "torch-1", {"A": "1"}, {"A": "1", "MINE": "x"})
    assert read(update(tmp_path, path, {})) == {"MINE": "x"}
    assert not (update(tmp_path / "b", generation(tmp_path / "b/1", {"A": "1"}, {"A": "1"}), {})
                / STATE).exists()  # fmt: skip


def test_a_state_that_conda_cannot_read_does_not_stop_an_update(tmp_path):
    """It stays where it is, and the lab's variables are in the next generation."""
    path = generation(tmp_path / "torch-1", {"A": "1"}, {"A": "1"})
    write(path, STATE, '{"env_vars": [')
    assert read(update(tmp_path, path, {"A": "2"})) == {"A": "2"}
    assert (path / STATE).read_text() == '{"env_vars": ['


STAMP = json.dumps({"lock": "x", "variables": {"A": "1", "B": "/x", "C": "y"}, "verification": {}})
HARD = {
    "env_vars": {
        "A": "1",
        "B": "/y",
        "SECRET": 'a", "C": "y", {"D": "\\',
        "lower": "{}",
        "W": "\t\n",
        "no name": "x",
    },
    "version": 1,
    "other": {"E": "1"},
}


@pytest.mark.parametrize("awk", ["mawk", "busybox", "gawk", "original-awk"])
def test_the_probe_names_variables_and_never_a_value(tmp_path, awk):
    """Whatever a value looks like, also if conda's file has line breaks."""
    found = shutil.which(awk)
    if found is None:
        pytest.skip(f"there is no {awk} here")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "awk").symlink_to(found)
    path = f"{tools}:/usr/bin:/bin"
    for indent in (None, 1):
        write(tmp_path, STATE, json.dumps(HARD, indent=indent))
        text = f'stamp=$1\n{read_part("environments.sh")}\nsay_variables "$2"'
        command = ["/bin/sh", "-c", text, "sh", STAMP, str(tmp_path)]
        done = subprocess.run(
            command, capture_output=True, text=True, env={"PATH": path}, check=False
        )
        assert done.stderr == ""
        rows = dict(line.split("\t")[1:] for line in done.stdout.splitlines())
        assert rows == {
            **dict.fromkeys(("SECRET", "lower", "W", "E"), "own"),
            "A": "same",
            "B": "other",
        }

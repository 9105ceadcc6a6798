"""Every file in tests/labs: good ones load, and bad ones give exactly the message beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchard.lab.load import LabError, load_lab

LABS = Path(__file__).parents[2] / "labs"
ROOT = Path(__file__).parents[3]
GOOD = sorted((LABS / "good").glob("*.yaml"))
BAD = sorted((LABS / "bad").glob("*.yaml"))


def name(path):
    """Name a case after its file."""
    return path.stem


@pytest.mark.parametrize("path", [*GOOD, *(ROOT / "inventory").glob("*.yaml")], ids=name)
def test_a_good_lab_loads(path):
    """Each lab of tests/labs/good, and each that the project ships, has no problem."""
    assert load_lab(path).macs


@pytest.mark.parametrize("path", BAD, ids=name)
def test_a_bad_lab_gives_the_message_beside_it(path, monkeypatch):
    """Each lab of tests/labs/bad gives exactly the message in the .txt of the same name."""
    monkeypatch.chdir(path.parent)
    with pytest.raises(LabError) as caught:
        load_lab(Path(path.name))
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_message_has_a_lab():
    """No .txt is left without its lab."""
    messages = {path.stem for path in (LABS / "bad").glob("*.txt")}
    assert messages == {path.stem for path in BAD}


@pytest.mark.parametrize("path", BAD, ids=name)
def test_a_problem_has_a_position_a_sentence_and_an_instruction(path):
    """Every problem of every bad lab names its line, says a sentence, and says what to write."""
    with pytest.raises(LabError) as caught:
        load_lab(path)
    for problem in caught.value.problems:
        assert problem.where.line > 0
        assert problem.where.column > 0
        assert problem.sentence
        assert problem.instead.endswith(".")

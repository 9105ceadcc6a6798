"""Every file in tests/labs: the good ones load, the bad ones say exactly what is beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchard.lab.load import LabError, load

LABS = Path(__file__).parents[2] / "labs"
ROOT = Path(__file__).parents[3]
GOOD = sorted((LABS / "good").glob("*.yaml"))
BAD = sorted((LABS / "bad").glob("*.yaml"))


def name(path):
    """Name a case after its file."""
    return path.stem


@pytest.mark.parametrize("path", [*GOOD, *(ROOT / "inventory").glob("*.yaml")], ids=name)
def test_a_good_lab_loads(path):
    """A lab of tests/labs/good, and each one that the project ships, has nothing wrong with it."""
    assert load(path).macs


@pytest.mark.parametrize("path", BAD, ids=name)
def test_a_bad_lab_says_what_is_beside_it(path, monkeypatch):
    """A lab of tests/labs/bad is refused with exactly the message in the .txt of the same name."""
    monkeypatch.chdir(path.parent)
    with pytest.raises(LabError) as caught:
        load(Path(path.name))
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_message_has_its_lab():
    """No expected message is left without a lab that it belongs to."""
    messages = {path.stem for path in (LABS / "bad").glob("*.txt")}
    assert messages == {path.stem for path in BAD}


@pytest.mark.parametrize("path", BAD, ids=name)
def test_a_problem_has_a_place_a_sentence_and_a_way_out(path):
    """Every problem of every bad lab names its line, says a sentence and ends its way out."""
    with pytest.raises(LabError) as caught:
        load(path)
    for problem in caught.value.problems:
        assert problem.where.line > 0
        assert problem.where.column > 0
        assert problem.sentence
        assert problem.instead.endswith(".")

"""What a Mac's answer about its account means, in forms that are rare."""

from __future__ import annotations

import json

import pytest

from torchard.plan.login_environment import read_account

EMPTY = {"shadows": [], "failures": {}}
SHADOW = {"module": "torch", "cause": "?", "entry": "/opt/site", "place": "/opt/site/torch.py"}


def read(found, wanted=("torch",), variables=None):
    """Read an answer about the environment `torch`; return its lines."""
    report = {"environments": {"torch": found}, "variables": variables or {}, "lines": {}}
    return read_account(json.dumps(report), {"torch": wanted}, "/Users/ann").lines


def test_an_environment_without_a_finding_has_no_line():
    """A module that fails and is not wanted is ignored."""
    assert read(EMPTY) == ()
    assert read({**EMPTY, "failures": {"numpy": "broken"}}) == ()
    (line,) = read({**EMPTY, "failures": {"torch": "broken"}})
    assert "import torch fails" in line


def test_a_python_that_died_is_reported():
    """With its last words, if PYTHONHOME is not the cause."""
    (line,) = read({"died": "Killed: 9"})
    assert line.endswith("Killed: 9")


def test_an_unknown_cause_is_reported_with_the_folder():
    """Something other than PYTHONPATH and user site-packages put it first."""
    (line,) = read({**EMPTY, "shadows": [SHADOW]})
    assert "look for what adds /opt/site" in line


@pytest.mark.parametrize("answer", ["[]", "{}", '{"environments": {}}'])
def test_an_answer_without_its_parts_is_an_error(answer):
    """Not a traceback of another kind."""
    with pytest.raises(ValueError, match="lacks a part"):
        read_account(answer, {"torch": ("torch",)}, "/Users/ann")

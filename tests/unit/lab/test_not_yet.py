"""What a later version may know is refused wherever it is written, never ignored."""

from __future__ import annotations

import pytest

from torchard.lab.load import LabError, load
from torchard.lab.not_yet import _KEYS, refused_key

PLACES = {
    "the file": "{key}: true\nmacs: {{m: {{}}}}\n",
    "a Mac": "macs: {{m: {{{key}: true}}}}\n",
    "a group": "groups: {{g: {{{key}: true}}}}\nmacs: {{m: {{groups: [g]}}}}\n",
    "an environment": 'environments: {{e: {{python: "3.12", {key}: true}}}}\nmacs: {{m: {{}}}}\n',
    "miniconda": "macs: {{m: {{miniconda: {{{key}: true}}}}}}\n",
    "pytorch": (
        'environments: {{e: {{python: "3.12", pytorch: {{{key}: true}}}}}}\nmacs: {{m: {{}}}}\n'
    ),
}


@pytest.mark.parametrize("key", ["delivery"])
@pytest.mark.parametrize("place", PLACES)
def test_a_key_that_is_not_there_yet_is_refused_wherever_it_stands(tmp_path, key, place):
    """The sentence names the key and its line, and says what holds without it."""
    lab = tmp_path / "lab.yaml"
    lab.write_text(PLACES[place].format(key=key), encoding="utf-8")
    with pytest.raises(LabError) as caught:
        load(lab)
    (problem,) = caught.value.problems
    assert problem.sentence == f"this version of Torchard does not know {key} yet"
    assert problem.instead.startswith("Leave it out")
    assert problem.where.line == 1


@pytest.mark.parametrize("key", ["delivery"])
def test_neither_are_they_taken_from_outside_the_lab_file(tmp_path, key):
    """A default of group_data/all.py and a --data of the command line are refused alike."""
    lab, defaults = tmp_path / "lab.yaml", tmp_path / "all.py"
    lab.write_text("macs: {m: {}}\n", encoding="utf-8")
    defaults.write_text(f"{key} = True\n", encoding="utf-8")
    for read in (lambda: load(lab, defaults=defaults), lambda: load(lab, {key: True})):
        with pytest.raises(LabError, match=f"does not know {key} yet"):
            read()


def test_what_is_known_now_is_not_called_unknown(tmp_path):
    """No key of this list is one that a lab can have: it would be refused in vain."""
    lab = tmp_path / "lab.yaml"
    for key in _KEYS:
        assert refused_key(key) is not None
        lab.write_text(f"macs: {{m: {{{key}: null}}}}\n", encoding="utf-8")
        with pytest.raises(LabError):
            load(lab)

"""The Macs that `--limit` selects by names, groups and patterns, and one Mac by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchard.errors import TorchardError
from torchard.lab.model import Lab, MacHost
from torchard.lab.select import find_mac, select

MACS = {name: MacHost(name) for name in ("studio-01", "studio-02", "library-03")}
LAB = Lab(Path("/lab/lab.yaml"), {}, {"studio": ("studio-01", "studio-02"), "attic": ()}, MACS)


@pytest.mark.parametrize(
    ("limits", "meant"),
    [
        ((), ["studio-01", "studio-02", "library-03"]),
        (("library-03", "studio-01"), ["studio-01", "library-03"]),
        (("studio",), ["studio-01", "studio-02"]),
        (("*-03, studio-02",), ["studio-02", "library-03"]),
    ],
)
def test_macs_are_selected_in_the_labs_order(limits, meant):
    """The order of the limits does not matter, and one limit can have several parts."""
    assert [mac.name for mac in select(LAB, limits)] == meant


@pytest.mark.parametrize(
    ("limit", "says", "instead"),
    [
        (
            "studio-1",
            "lab.yaml has no Mac and no group studio-1.",
            "Did you mean stud",
        ),
        (
            "x",
            "lab.yaml has no Mac and no group x.",
            "There are: studio-01, studio-02, library-03, studio, a",
        ),
        ("", 'lab.yaml has no Mac and no group "".', "There are: studio-01, "),
        ("attic", "The group attic has no Macs.", "Choose another group or a Mac."),
    ],
)
def test_a_limit_without_a_match_is_an_error(limit, says, instead):
    """The message has the nearest name, or all names."""
    with pytest.raises(TorchardError) as error:
        select(LAB, [limit])
    assert error.value.message.startswith(says)
    assert error.value.instead.startswith(instead)


def test_one_mac_is_found_by_its_name():
    """A pattern or a group is not the name of one Mac."""
    assert find_mac(LAB, "studio-02") is MACS["studio-02"]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("library-3", "Did you mean library-03?"),
        ("*", "There are: studio-01, studio-02, library-03."),
        ("studio", "Did you mean studio-01 or studio-02?"),
        ("attic", "There are: studio-01, studio-02, library-03."),
        ("studio-01,studio-02", "Did you mean studio-01 or studio-02?"),
    ],
)
def test_an_unknown_mac_is_an_error_with_the_nearest_name(name, instead):
    """For the name of a group, the message has its Macs that are equally near."""
    with pytest.raises(TorchardError) as error:
        find_mac(LAB, name)
    assert (error.value.message, error.value.instead) == (f"lab.yaml has no Mac {name}.", instead)

"""Which Macs are meant: names, groups and patterns, or one very name."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchard.errors import TorchardError
from torchard.lab.model import Lab, MacHost
from torchard.lab.select import named, select

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
def test_macs_are_meant_in_the_labs_order(limits, meant):
    """Whatever the order of the limits; several may stand in one."""
    assert [mac.name for mac in select(LAB, limits)] == meant


@pytest.mark.parametrize(
    ("limit", "says", "instead"),
    [
        (
            "studio-1",
            "studio-1 means no Mac and no group of lab.yaml.",
            "Did you mean stud",
        ),
        ("x", "x means no Mac", "There are: studio-01, studio-02, library-03, studio, a"),
        ("attic", "The group attic has no Macs.", "Limit the run to something else."),
    ],
)
def test_a_limit_that_means_nobody_is_refused(limit, says, instead):
    """With the nearest name there is, or all of them."""
    with pytest.raises(TorchardError) as error:
        select(LAB, [limit])
    assert error.value.message.startswith(says)
    assert error.value.instead.startswith(instead)


def test_one_mac_is_meant_by_its_very_name():
    """Neither a pattern nor a group is one Mac."""
    assert named(LAB, "studio-02") is MACS["studio-02"]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("library-3", "Did you mean library-03?"),
        ("*", "There are: studio-01, studio-02, library-03."),
        ("studio", "Did you mean studio-02?"),
        ("attic", "There are: studio-01, studio-02, library-03."),
        ("studio-01,studio-02", "Did you mean studio-02?"),
    ],
)
def test_another_name_is_refused_with_the_nearest(name, instead):
    """Of the Macs alone; of a group's name, the nearest of its Macs."""
    with pytest.raises(TorchardError) as error:
        named(LAB, name)
    assert (error.value.message, error.value.instead) == (f"{name} is no Mac of lab.yaml.", instead)

"""Real wheels beside a real torch: which load, by the symbols that they import."""

from __future__ import annotations

from functools import partial

import pytest

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.depot.depot import Depot
from torchard.lab.model import Environment, Position
from torchard.lock.fitting import resolve_fitting_wheels
from torchard.lock.question import Question
from torchard.lock.unsolved import UnsolvableError
from torchard.lock.wheels import resolve_wheels

pytestmark = pytest.mark.live

TRIO = Variant(
    "wheels",
    {"torch": "2.8.0", "torchvision": "0.23.0", "torchaudio": "2.8.0"},
    "3.12",
    mps_expected=True,
    reason="",
)


@pytest.fixture(scope="module")
def lock(tmp_path_factory):
    """Return a function that locks packages beside torch 2.8.0, without the rows of pairings."""
    depot = Depot(tmp_path_factory.mktemp("depot"))

    def lock(*pip):
        where = Position("lab.yaml", 2, 3)
        environment = Environment("torch", "3.12", None, pip=pip, where=where)
        question = Question(environment, MacClass("osx-arm64", "15.0"), TRIO)
        ask = partial(resolve_wheels, python="3.12.13", provided={})
        return resolve_fitting_wheels(question, ask, depot, print)

    return lock


def test_the_newest_torchcodec_that_finds_its_symbols_is_locked(lock):
    """The companions find all of theirs, so they are locked as the catalogue names them."""
    found = lock("torchcodec<=0.10.0")
    versions = {one.name: one.version for one in found.wheels}
    assert versions.items() >= TRIO.packages.items()
    assert versions["torchcodec"] == "0.9.1"
    checks = {one.name: one for one in found.libraries}
    torch = next(one.sha256 for one in found.wheels if one.name == "torch")
    for name in ("torchvision", "torchaudio", "torchcodec"):
        assert checks[name].torch == torch
        assert checks[name].symbols > 50
    assert checks["torchcodec"].note.startswith("is not the newest: 0.10.0 needs 4 symbols")


def test_a_torchcodec_for_a_newer_torch_is_an_error(lock):
    """The message names both, and a symbol."""
    with pytest.raises(UnsolvableError) as caught:
        lock("torchcodec==0.17.0")
    assert "torchcodec 0.17.0 needs" in caught.value.message
    assert "symbols that torch 2.8.0 does not have" in caught.value.message

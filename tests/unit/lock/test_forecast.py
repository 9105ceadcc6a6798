"""What a lock would have: the answer of `resolve`, without fetching a wheel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.depot.depot import Depot
from torchard.lab.model import Mirrors
from torchard.lock.lockfile import UnreadChannelError
from torchard.lock.question import Question
from torchard.lock.resolve import forecast, resolve

ARM = MacClass("osx-arm64", "15.0")
FORGE = ("conda-forge",)
WHEELS = Variant(
    "wheels", {"torch": "2.2.2"}, "3.12", mps_expected=True, reason="", constraints=("numpy<2",)
)
CONDA = Variant("conda-forge", {"pytorch": "2.13.0"}, "3.12", mps_expected=True, reason="")


def test_it_is_the_lock_without_what_the_libraries_say(asks, mirrors, store, tmp_path):
    """The depot gets the conda packages whose files name distributions, and no wheel."""
    question = Question(asks(pip=["pandas"]), ARM, WHEELS, FORGE, mirrors)
    depot = Depot(tmp_path / "depot")
    found = forecast(question, depot)
    lock = resolve(question, store)
    assert lock.libraries
    assert found.lock == replace(lock, libraries=())
    assert found.unread == ""
    assert found.python.startswith("3.12.")
    fetched = [one.name for one in (depot.root / "files").rglob("*") if one.is_file()]
    assert fetched
    assert not [one for one in fetched if one.endswith(".whl")]


def test_without_a_channel_the_wheels_alone_are_solved(asks, mirrors, store, tmp_path):
    """The answer says which channel gave none."""
    nowhere = (tmp_path / "nowhere").as_uri()
    lost = Mirrors(conda={"conda-forge": nowhere}, wheels=mirrors.wheels)
    question = Question(asks(pip=["pandas"]), ARM, WHEELS, FORGE, lost)
    found = forecast(question, store)
    versions = {one.name: one.version for one in found.lock.wheels}
    assert versions["torch"] == "2.2.2"
    assert versions["numpy"] == "1.26.4"
    assert "pandas" in versions
    assert (found.lock.conda, found.python) == ((), "3.12")
    assert f"could not be read from {nowhere}" in found.unread
    assert "\n" not in found.unread


@pytest.mark.parametrize(("variant", "conda"), [(CONDA, ()), (WHEELS, ("git",))])
def test_what_a_channel_must_bring_cannot_be_left_out(
    asks, mirrors, store, tmp_path, *, variant, conda
):
    """PyTorch from a channel, and a package that the lab names in `conda:`."""
    lost = Mirrors(conda={"conda-forge": (tmp_path / "nowhere").as_uri()}, wheels=mirrors.wheels)
    with pytest.raises(UnreadChannelError):
        forecast(Question(asks(conda=conda), ARM, variant, FORGE, lost), store)

"""Nightly builds, from an index in HTML that tells sha256 and no size, as PyTorch's own is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from torchard.catalog.catalog import load_catalog
from torchard.choose import choose
from torchard.lab.model import Wish
from torchard.lock.wheels import resolve_wheels
from torchard.variant import MacClass

GROUP = MacClass("osx-arm64", "15.0")
NIGHTLY = choose(Wish("3.12", release="nightly"), GROUP, load_catalog())


@pytest.fixture
def wheels(asks, mirrors):
    """Return what resolves a nightly environment from an index."""

    def resolve(nightly, mirrors=mirrors):
        return resolve_wheels(
            replace(asks(pip=["einops"]), pytorch=Wish("3.12", release="nightly")),
            GROUP,
            NIGHTLY,
            python="3.12.13",
            provided={},
            mirrors=mirrors,
            nightly=nightly,
        )

    return resolve


def test_a_nightly_is_locked_by_its_date_with_the_sizes_of_its_wheels(wheels, simlab_depot):
    """Its index tells no sizes; its server is asked for them."""
    found = {one.name: one for one in wheels((simlab_depot.root / "nightly/simple").as_uri())}
    assert found["torch"].version == "2.16.0.dev20261123"
    assert found["torchvision"].version == "0.30.0.dev20261123"
    assert "torchaudio" not in found
    for name in ("torch", "torchvision"):
        file = simlab_depot.root / "nightly/wheels" / found[name].file
        assert found[name].size == file.stat().st_size

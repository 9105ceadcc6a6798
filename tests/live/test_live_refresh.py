"""What refresh would propose, against rows that were measured by hand."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources

import pytest
import yaml

from torchard.catalog.catalog import load_catalog
from torchard.curate.new_wheels import propose_releases
from torchard.curate.verify import fetch_listings
from torchard.lock.index import find_default_index

pytestmark = pytest.mark.live


@pytest.mark.parametrize("torch", ["2.9.1"])
def test_a_release_is_proposed_as_it_was_measured(torch):
    """Torchvision, and torch's pythons, tags and the macOS of its libraries are its row's."""
    known = load_catalog()
    others = tuple(one for one in known.releases if str(one.version) != torch)
    lanes = {**known.sources, "wheels": replace(known.sources["wheels"], releases=others)}
    (proposal,) = propose_releases(
        fetch_listings(find_default_index()).wheels, replace(known, sources=lanes)
    )
    (got,) = yaml.safe_load("\n".join(("releases:", *proposal.lines)))["releases"]
    text = resources.files("torchard.catalog").joinpath("pytorch.yaml").read_bytes()
    (row,) = (one for one in yaml.safe_load(text)["releases"] if one["torch"] == torch)
    assert got["torchvision"] == row["torchvision"]
    assert got["arm64"]["torch"] == row["arm64"]["torch"]
    assert got["mps"] == "unverified"

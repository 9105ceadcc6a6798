"""The catalogue's promises against the index: what it offers to a Mac resolves for that Mac."""

from __future__ import annotations

import pytest
from wheel_tags import fits

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import find_mac_class
from torchard.catalog.variant import Variant
from torchard.lab.model import Environment, Request
from torchard.lock import index
from torchard.lock.question import Question
from torchard.lock.wheels import resolve_wheels

pytestmark = pytest.mark.live

MACS = [
    ("arm64", "15.0"),
    ("arm64", "14.0"),
    ("arm64", "13.0"),
    ("arm64", "12.3"),
    ("x86_64", "12.0"),
]
# A full version of each, as conda would give it: some requirements tell patch releases apart.
PYTHONS = {
    "3.9": "3.9.25",
    "3.10": "3.10.20",
    "3.11": "3.11.15",
    "3.12": "3.12.13",
    "3.13": "3.13.12",
    "3.14": "3.14.3",
}


def variants(group, python):
    """Return what a stable PyTorch is there, with MPS where the Mac can and without."""
    requests = [Request(python, backend=backend) for backend in ("auto", "cpu")]
    answers = [choose(request, group, load_catalog()) for request in requests]
    found = [one for one in answers if isinstance(one, Variant)]
    return {tuple(one.packages.values()): one for one in found}.values()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("arch", "macos"), MACS)
def test_what_the_catalogue_offers_can_be_had(arch, macos, python):
    """Its trio resolves together to wheels that fit; where it offers nothing, nothing is there."""
    group = find_mac_class(arch, macos, load_catalog())
    offered = variants(group, python)
    if not offered:
        with pytest.raises(index.WheelIndexError, match="no wheels with a matching"):
            index.resolve(index.WheelQuery(["torch"], group, PYTHONS[python]))
    for variant in offered:
        wheels = resolve_wheels(
            Question(Environment("torch", python, Request(python)), group, variant),
            PYTHONS[python],
            {},
        )
        versions = {one.name: one.version for one in wheels}
        assert dict(variant.packages).items() <= versions.items()
        assert [one.file for one in wheels if not fits(one.file, arch, macos, python)] == []
        if "numpy<2" in variant.constraints:
            assert versions["numpy"].startswith("1.")

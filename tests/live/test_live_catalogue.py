"""The catalogue's promises against the index: what it offers resolves, and is built as it says."""

from __future__ import annotations

import io
import zipfile
from importlib import resources

import pytest
import yaml
from wheel_tags import fits

from torchard.catalog.catalog import load_catalog
from torchard.choose import choose, mac_class
from torchard.lab.model import Environment, Mirrors, Wish
from torchard.lock import index
from torchard.lock.wheels import resolve_wheels
from torchard.upkeep.mach_o import HEAD, slices
from torchard.upkeep.ranged import RangedFile
from torchard.variant import MacClass, Variant

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
    wishes = [Wish(python, backend=backend) for backend in ("auto", "cpu")]
    answers = [choose(wish, group, load_catalog()) for wish in wishes]
    found = [one for one in answers if isinstance(one, Variant)]
    return {tuple(one.packages.values()): one for one in found}.values()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("arch", "macos"), MACS)
def test_what_the_catalogue_offers_can_be_had(arch, macos, python):
    """Its trio resolves together to wheels that fit; where it offers nothing, nothing is there."""
    group = mac_class(arch, macos, load_catalog())
    offered = variants(group, python)
    if not offered:
        with pytest.raises(index.IndexError, match="no wheels with a matching"):
            index.resolve(["torch"], (), group, PYTHONS[python], None)
    for variant in offered:
        wheels = resolve_wheels(
            Environment("torch", python, Wish(python)),
            group,
            variant,
            python=PYTHONS[python],
            provided={},
            mirrors=Mirrors(),
            nightly="",
        )
        versions = {one.name: one.version for one in wheels}
        assert dict(variant.packages).items() <= versions.items()
        assert [one.file for one in wheels if not fits(one.file, arch, macos, python)] == []
        if variant.constraints:
            assert variant.constraints == ("numpy<2",)
            assert versions["numpy"].startswith("1.")


# On Macs before macOS 14 the choice turns on these: OpenMP in 2.7.0 to 2.10.0 was built for 14.
TURNING = ["2.6.0", "2.7.0", "2.7.1", "2.8.0", "2.9.0", "2.9.1", "2.10.0", "2.11.0"]


@pytest.mark.parametrize("torch", TURNING)
def test_the_libraries_of_a_torch_wheel_are_built_for_the_macos_of_its_row(torch):
    """Only the wheel's table of contents and the heads of its libraries are fetched: some 2 MB."""
    built = libraries(f"torch=={torch}", "3.12")
    assert {one.arch for found in built.values() for one in found} == {"arm64"}
    macos = {
        path.rpartition("/")[2]: ".".join(map(str, one.macos[:2])) for path, (one,) in built.items()
    }
    minos = row(torch)["minos"]
    assert {file: macos[file] for file in minos} == minos
    # The row names one library for each macOS that the wheel's libraries ask for.
    assert set(macos.values()) == set(minos.values())


def row(torch):
    """Return the catalogue's row on the wheels of a torch for arm64 and python 3.12, as written."""
    text = resources.files("torchard.catalog").joinpath("pytorch.yaml").read_bytes()
    releases = yaml.safe_load(text)["releases"]
    (release,) = (one for one in releases if one["torch"] == torch)
    return release["arm64"]["torch"][0]


def libraries(pin, python):
    """Return what each library in the arm64 wheel of one release was built for, by path."""
    offers = index.resolve(
        [pin], (), MacClass("osx-arm64", "15.0"), PYTHONS[python], None, only_these=True
    )
    wheel = next(one for one in offers if fits(one.file, "arm64", "15.0", python))
    file = RangedFile(wheel.url, wheel.size)
    with zipfile.ZipFile(io.BufferedReader(file, 1 << 16)) as archive:
        found = {}
        for name in archive.namelist():
            if name.endswith((".dylib", ".so")):
                with archive.open(name) as library:
                    found[name] = slices(library.read(HEAD))
    assert file.fetched < wheel.size / 10
    return found

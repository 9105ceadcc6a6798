"""Which macOS the libraries of a wheel on an index need."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mach_o_writer import SYSTEM, Library, for_arch, write_wheel
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.curate.wheel_index import WheelFile
from torchard.curate.wheel_libraries import Measured, measure_wheel

NAME = "torch-2.16.0-cp312-cp312-macosx_11_0_arm64.whl"
FREE = Library(loads=[(0xC, SYSTEM)], chained=[("_free", 1, False)])


def measure(served, content, *, arch="arm64", package="torch", tag="11.0"):
    """Return what the libraries of a served wheel need."""
    served.files[f"/{NAME}"] = content
    file = WheelFile(Version("2.16.0"), frozenset(), SpecifierSet(), f"{served.url}/{NAME}", NAME)
    return measure_wheel(package, file, arch, Version(tag), load_catalog())


def test_a_wheel_is_measured_as_a_row_has_it(served):
    """One file stands for those with the newest minos; other archs are left out."""
    content = write_wheel(
        {
            "torch/lib/libz.dylib": replace(FREE, minos=(14, 0, 0)),
            "torch/lib/libomp.dylib": replace(FREE, minos=(14, 0, 0)),
            "torch/_C.so": Library(minos=(11, 1, 0)),
            "torch/lib/intel.dylib": for_arch(replace(FREE, minos=(15, 0, 0)), "x86_64"),
            "torch/lib/none.dylib": replace(FREE, minos=None),
        }
    )
    assert measure(served, content) == Measured(
        needs=Version("11.0"),
        sure=Version("12.0"),
        minos={"libomp.dylib": Version("14.0")},
        cause="the chained 64_OFFSET fixups of libz.dylib",
    )
    intel = measure(served, content, arch="x86_64", tag="10.9")
    assert (intel.needs, intel.minos) == (Version("11.0"), {"intel.dylib": Version("15.0")})


@pytest.mark.parametrize(
    ("minos", "tag", "arch"), [((11, 6, 0), "11.0", "arm64"), ((10, 13, 6), "10.13", "x86_64")]
)
def test_a_part_that_tags_do_not_count_is_ignored(served, minos, tag, arch):
    content = write_wheel({"torch/_C.so": Library(arch=arch, minos=minos)})
    assert measure(served, content, arch=arch, tag=tag).minos == {}


def test_what_is_sure_from_the_tag_on_needs_no_note(served):
    """And a wheel without libraries needs what the arch needs."""
    content = write_wheel({"torch/_C.so": FREE})
    assert measure(served, content, tag="12.0").sure is None
    assert measure(served, write_wheel({"a.py": b""})) == Measured(Version("11.0"), None, {})


def test_files_that_no_import_loads_do_not_count(served):
    """The catalogue says which ones torchaudio loads on demand."""
    content = write_wheel({"torchaudio/lib/_torchaudio_sox.so": FREE, "a/_C.so": Library()})
    assert measure(served, content).sure == Version("12.0")
    assert measure(served, content, package="torchaudio").sure is None


def test_what_is_not_known_leaves_the_macos_open(served):
    """A symbol that the table lacks is for a person to settle."""
    new = replace(FREE, chained=[("_newest", 1, False)], minos=(26, 0, 0))
    found = measure(served, write_wheel({"torch/_C.so": new}))
    assert (found.needs, found.minos) == (None, {"_C.so": Version("26.0")})
    assert found.unknown == (
        "the table of symbols does not have _newest of libSystem.B.dylib, which _C.so imports",
    )


def test_an_unreadable_wheel_is_not_known(served):
    """A wheel has hundreds of megabytes, so it is never fetched whole."""
    assert measure(served, b"no wheel").unknown == (
        "it cannot be read: the wheel: File is not a zip file",
    )
    served.instead["/whole.whl"] = "x" * 100
    file = WheelFile(
        Version("2.16.0"), frozenset(), SpecifierSet(), f"{served.url}/whole.whl", NAME
    )
    (said,) = measure_wheel("torch", file, "arm64", Version("11.0"), load_catalog()).unknown
    assert "only sends whole files" in said

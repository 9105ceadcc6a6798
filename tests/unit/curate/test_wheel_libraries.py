"""The macOS for which the libraries of a wheel on an index were built."""

from __future__ import annotations

import pytest
from mach_o_writer import Library, for_arch, write_wheel
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from torchard.curate.wheel_index import WheelFile
from torchard.curate.wheel_libraries import UnreadableWheelError, read_minos

NAME = "torch-2.16.0-cp312-cp312-macosx_14_0_arm64.whl"


def read(served, content, arch="arm64"):
    """Return the macOS of the libraries of a served wheel."""
    served.files[f"/{NAME}"] = content
    url = f"{served.url}/{NAME}"
    return read_minos(WheelFile(Version("2.16.0"), frozenset(), SpecifierSet(), url, NAME), arch)


def test_each_macos_is_named_once_by_its_first_library(served):
    """Other archs, and files without a macOS, are left out."""
    content = write_wheel(
        {
            "torch/_C.so": Library(minos=(14, 0, 0)),
            "torch/lib/libtorch.dylib": Library(minos=(14, 0, 0)),
            "torch/lib/libomp.dylib": Library(minos=(11, 1, 0)),
            "torch/lib/old.dylib": Library(minos=(10, 13, 6), is_old=True),
            "torch/lib/intel.dylib": for_arch(Library(minos=(15, 0, 0)), "x86_64"),
            "torch/lib/none.dylib": Library(minos=None),
        }
    )
    assert read(served, content) == {
        "_C.so": "14.0",
        "libomp.dylib": "11.1",
        "old.dylib": "10.13.6",
    }
    assert read(served, content, "x86_64") == {"intel.dylib": "15.0"}


def test_an_unreadable_wheel_is_an_error_with_its_name(served):
    """Nothing is guessed."""
    with pytest.raises(UnreadableWheelError, match=f"^{NAME}: the wheel: File is not a zip file"):
        read(served, b"no wheel")


def test_a_server_without_ranges_is_an_error(served):
    """A wheel has hundreds of megabytes, so it is never fetched whole."""
    served.instead["/whole.whl"] = "x" * 100
    file = WheelFile(
        Version("2.16.0"), frozenset(), SpecifierSet(), f"{served.url}/whole.whl", NAME
    )
    with pytest.raises(UnreadableWheelError, match="only sends whole files"):
        read_minos(file, "arm64")

"""The macOS for which the libraries in a wheel were built, read from their headers."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from torchard.curate.mach_o import HEAD, read_slices
from torchard.curate.wheel_index import WheelFile
from torchard.curate.wheel_libraries import UnreadableWheelError, read_minos

ARM, INTEL = 0x0100000C, 0x01000007
NAME = "torch-2.16.0-cp312-cp312-macosx_14_0_arm64.whl"


def library(macos, cpu=ARM, *, command=0x32, platform=1, size=64):
    """Return a Mach-O file with one load command: LC_BUILD_VERSION, or the older one."""
    packed = macos[0] << 16 | macos[1] << 8 | (macos[2] if len(macos) > 2 else 0)
    body = (
        struct.pack("<4I", platform, packed, 0, 0)
        if command == 0x32
        else (struct.pack("<2I", packed, 0))
    )
    head = struct.pack("<8I", 0xFEEDFACF, cpu, 0, 6, 1, len(body) + 8, 0, 0)
    return (head + struct.pack("<2I", command, len(body) + 8) + body).ljust(size, b"\0")


def fat(*parts):
    """Return several thin files in one, as lipo makes it."""
    head, place, body = struct.pack(">2I", 0xCAFEBABE, len(parts)), 2 * HEAD, b""
    for part in parts:
        head += struct.pack(">5I", 0, 0, place + len(body), len(part), 12)
        body += part
    return head.ljust(place, b"\0") + body


def wheel(**libraries):
    """Return a wheel that contains libraries, by the last part of their names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("torch/version.py", b"")
        for name, data in libraries.items():
            archive.writestr(f"torch/lib/{name}.dylib", data)
    return content.getvalue()


def read(served, content, arch="arm64"):
    """Return the macOS of the libraries of a served wheel."""
    served.files[f"/{NAME}"] = content
    url = f"{served.url}/{NAME}"
    return read_minos(WheelFile(Version("2.16.0"), frozenset(), SpecifierSet(), url, NAME), arch)


def test_each_macos_is_named_once_by_its_largest_library(served):
    """A row names one library for each macOS, the largest; other archs are left out."""
    content = wheel(
        libtorch_cpu=library((14, 0), size=500),
        libtorch=library((14, 0)),
        libomp=library((11, 1)),
        old=library((10, 13, 6), command=0x24),
        intel=library((15, 0), INTEL),
        both=fat(b"\xce\xfa\xed\xfe" * 9, library((10, 9), INTEL), library((12, 3))),
        text=b"no library",
        empty=b"",
    )
    assert read(served, content) == {
        "libtorch_cpu.dylib": "14.0",
        "libomp.dylib": "11.1",
        "old.dylib": "10.13.6",
        "both.dylib": "12.3",
    }
    assert read(served, content, "x86_64") == {"intel.dylib": "15.0", "both.dylib": "10.9"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no wheel", "File is not a zip file"),
        (wheel(a=library((14, 0), platform=2)), "platform 2, not for macOS"),
        (wheel(a=library((14, 0), command=0x99)), "does not say which macOS"),
        (wheel(a=library((14, 0))[:20].ljust(24, b"\xff")), "unpack"),
    ],
)
def test_an_unreadable_wheel_is_an_error_with_its_name(served, content, said):
    """Nothing is guessed."""
    with pytest.raises(UnreadableWheelError, match=f"^{NAME}: .*{said}"):
        read(served, content)


def test_a_server_without_ranges_is_an_error(served):
    """A wheel has hundreds of megabytes, so it is never fetched whole."""
    served.instead["/whole.whl"] = "x" * 100
    file = WheelFile(
        Version("2.16.0"), frozenset(), SpecifierSet(), f"{served.url}/whole.whl", NAME
    )
    with pytest.raises(UnreadableWheelError, match="only sends whole files"):
        read_minos(file, "arm64")


def test_a_short_file_is_not_a_library():
    """Fewer bytes than a header are not a Mach-O file."""
    assert read_slices(b"\xcf\xfa") == []

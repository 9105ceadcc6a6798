"""The metadata of a wheel is read beside it or at its end, and never by fetching all of it."""

from __future__ import annotations

import random
import zipfile

import pytest

from torchard.catalog.mac_class import MacClass
from torchard.lock import wheel_metadata
from torchard.lock.tags import list_markers
from torchard.lock.wheel_metadata import parse_metadata, read_metadata

NAME = "m-1.0-py3-none-any.whl"
TEXT = b"Metadata-Version: 2.1\nName: m\nVersion: 1.0\nProvides-Extra: torch\n"
ASKED = b'Requires-Dist: torch>=2.6 ; extra == "torch"\nRequires-Dist: numpy\n\nA README.\n'


@pytest.fixture(autouse=True)
def _nothing_is_known():
    """No test gets what another one read."""
    read_metadata.cache_clear()


def write_wheel(folder, metadata=TEXT + ASKED, files=1, size=3 << 20):
    """Write a wheel with a large module that does not get smaller when it is packed."""
    with zipfile.ZipFile(folder / NAME, "w") as made:
        made.writestr("m/data.bin", random.Random(7).randbytes(size))  # noqa: S311
        for number in range(files):
            made.writestr(f"m/a_module_with_a_long_name_{number:06}.py", "")
        made.writestr("m-1.0.dist-info/METADATA", metadata)
        made.writestr("m-1.0.dist-info/RECORD", "")
    return folder / NAME


def asked(metadata):
    """Return what it asks for, as text."""
    return [str(one) for one in metadata.requirements]


BOTH = ['torch>=2.6; extra == "torch"', "numpy"]


def test_metadata_beside_a_wheel_is_enough(serve, tmp_path):
    """The wheel itself is not asked for (PEP 658)."""
    (tmp_path / f"{NAME}.metadata").write_bytes(TEXT + ASKED)
    server = serve(tmp_path)
    assert asked(read_metadata(f"{server.url}/{NAME}")) == BOTH
    assert server.seen == [f"GET /{NAME}.metadata"]


@pytest.mark.parametrize("files", [1, 9000])
def test_the_end_of_a_wheel_has_it_too(serve, tmp_path, files):
    """Only the list of its files and the metadata are read, also if that list is long."""
    path = write_wheel(tmp_path, files=files)
    server = serve(tmp_path)
    assert asked(read_metadata(f"{server.url}/{NAME}")) == BOTH
    assert server.sent < path.stat().st_size / 2


def test_a_wheel_on_this_computer_is_read(tmp_path):
    """A wheelhouse in a folder has no server."""
    assert asked(read_metadata(write_wheel(tmp_path, size=10).as_uri())) == BOTH


def test_a_server_without_ranges_sends_no_whole_wheel(serve, tmp_path):
    """Its wheels have unknown requirements, and no error."""
    write_wheel(tmp_path)
    server = serve(tmp_path)
    server.ranges = False
    assert read_metadata(f"{server.url}/{NAME}") == wheel_metadata.Metadata()


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x05\x06" + bytes(18), b"x" * 100_000])
def test_another_file_under_that_name_raises_nothing(serve, tmp_path, content):
    """Whatever the server has under that name, nothing is known of the wheel."""
    (tmp_path / NAME).write_bytes(content)
    (tmp_path / f"{NAME}.metadata").write_bytes(b"<html>a login page</html>")
    assert read_metadata(f"{serve(tmp_path).url}/{NAME}") == wheel_metadata.Metadata()
    assert read_metadata("http://127.0.0.1:1/a.whl") == wheel_metadata.Metadata()


def test_a_long_list_of_files_ends(serve, tmp_path, monkeypatch):
    """A wheel of which too much would have to be read has unknown requirements."""
    write_wheel(tmp_path, files=9000, size=10)
    monkeypatch.setattr(wheel_metadata, "_MOST_READ", 1 << 17)
    server = serve(tmp_path)
    assert read_metadata(f"{server.url}/{NAME}") == wheel_metadata.Metadata()
    assert server.sent <= 1 << 17


def test_no_metadata_fills_the_memory(serve, tmp_path, monkeypatch):
    """More than a few MiB are not read."""
    monkeypatch.setattr(wheel_metadata, "_LARGEST", 200)
    (tmp_path / f"{NAME}.metadata").write_bytes(TEXT + b"x" * 300)
    assert read_metadata(f"{serve(tmp_path).url}/{NAME}") == wheel_metadata.Metadata()


def test_what_is_not_valid_is_left_out():
    """One line that no tool can read does not hide the others."""
    found = parse_metadata(
        TEXT + b"Requires-Dist: a >> 1\nRequires-Dist: b\r\nRequires-Dist: \xff\n"
    )
    assert asked(found) == ["b"]


def test_a_requirement_of_an_extra_is_its_own():
    """One that also counts without the extra is none of the extra's."""
    found = parse_metadata(
        b'Requires-Dist: a; extra == "torch"\nRequires-Dist: b\n'
        b'Requires-Dist: c; sys_platform == "darwin" or extra == "torch"\n'
        b'Requires-Dist: d; sys_platform == "linux" and extra == "torch"\n'
    )
    markers = list_markers(MacClass("osx-64", "12.0"), "3.12.1")
    assert [one.name for one in found.find_in_extra("torch", markers)] == ["a"]

"""Mach-O files: what is read from them, and that no bytes break the reader."""

from __future__ import annotations

import contextlib
import io
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mach_o_writer import (
    FAT_MAGIC_64,
    LIBCXX,
    SYSTEM,
    Library,
    for_arch,
    write,
    write_chained,
    write_fat,
)
from profiles import examples

from torchard.binaries.cursor import Budget
from torchard.binaries.export_trie import read_exports
from torchard.binaries.fixups import read_chained_imports
from torchard.binaries.image import (
    CHAINED_64,
    CHAINED_64_OFFSET,
    FLAT_LOOKUP,
    OPCODES,
    WEAK_LOOKUP,
    Dependency,
    Import,
    Reexport,
)
from torchard.binaries.mach_o import read_images

FAR = [(0xC, f"/usr/lib/lib{number}.dylib") for number in range(20)]
OLD = Library(
    name="@rpath/libold.dylib",
    minos=(11, 1, 2),
    loads=[(0xC, SYSTEM), (0x80000018, LIBCXX), (0x8000001F, "@rpath/libc10.dylib"), *FAR],
    binds=[
        ("_near", 1, False),
        ("_maybe", 2, True),
        ("_far", 23, False),
        ("_python", FLAT_LOOKUP, False),
        ("_own", 0, False),
        ("_near", 1, False),
    ],
    lazy=[("_later", 1, False), ("_last", 2, False)],
    weak=[("__Znwm", 0, False)],
    exports={"_a": None, "_ab": None, "_b": ("_c", 3), "_same": ("", 1)},
)
CHAINED = Library(
    loads=[(0xC, SYSTEM), (0xC, LIBCXX)],
    chained=[("_near", 1, False), ("_maybe", 2, True), ("__Znwm", WEAK_LOOKUP, False)],
)


def read(content):
    """Return the archs in some bytes."""
    return read_images(io.BytesIO(content))


def test_opcodes_name_every_import_once_with_its_library():
    """Lazy imports are as strong as others; a weak bind falls back to the file's own symbol."""
    (image,) = read(write(OLD))
    assert (image.arch, image.minos, image.install_name, image.fixups) == (
        "arm64",
        (11, 1, 2),
        "@rpath/libold.dylib",
        {OPCODES},
    )
    assert image.dependencies[:3] == (
        Dependency(SYSTEM),
        Dependency(LIBCXX, is_weak=True),
        Dependency("@rpath/libc10.dylib", is_reexported=True),
    )
    assert image.imports == (
        Import("_near", 1),
        Import("_maybe", 2, is_weak=True),
        Import("_far", 23),
        Import("_python", FLAT_LOOKUP),
        Import("_own", 0),
        Import("_later", 1),
        Import("_last", 2),
        Import("__Znwm", WEAK_LOOKUP, is_weak=True),
    )


def test_exports_name_the_origin_of_what_is_re_exported():
    """A re-exported symbol without a name of its own has the same name there."""
    (image,) = read(write(OLD))
    assert image.exports == {
        "_a": None,
        "_ab": None,
        "_b": Reexport("_c", 3),
        "_same": Reexport("_same", 1),
    }


@pytest.mark.parametrize("imports_format", [1, 2, 3])
def test_chained_imports_are_read_in_each_of_their_formats(imports_format):
    """The special ordinals are negative in each of them."""
    content = write(replace(CHAINED, chained_format=imports_format, exports={"_a": None}))
    (image,) = read(content)
    assert image.imports == (
        Import("_near", 1),
        Import("_maybe", 2, is_weak=True),
        Import("__Znwm", WEAK_LOOKUP),
    )
    assert image.fixups == {CHAINED_64_OFFSET}
    assert image.exports == {"_a": None}


@pytest.mark.parametrize(
    ("pointers", "fixups"),
    [
        ((2,), {CHAINED_64}),
        ((2, 6), {CHAINED_64, CHAINED_64_OFFSET}),
        ((12,), {"chained 12"}),
        ((), set()),
    ],
)
def test_each_segment_names_the_format_of_its_fixups(pointers, fixups):
    """A format that no Mac of a lab has is named by its number."""
    (image,) = read(write(replace(CHAINED, pointers=pointers)))
    assert image.fixups == fixups


@pytest.mark.parametrize("magic", [0xCAFEBABE, FAT_MAGIC_64])
def test_each_arch_of_a_fat_file_is_read_with_its_own_offsets(magic):
    """Parts of 32 bits, and of other processors, are left out."""
    small = b"\xce\xfa\xed\xfe" * 9
    content = write_fat(write(OLD), small, write(for_arch(CHAINED, "x86_64")), magic=magic, gap=99)
    assert [one.arch for one in read(content)] == ["arm64", "x86_64"]
    assert read(content)[0] == read(write(OLD))[0]
    assert read(write_fat(write(replace(OLD, arch="i386")))) == []


def test_only_the_load_commands_are_read_on_request():
    """So 32 KB of a library of 200 MB say which macOS it was built for."""
    content = write(OLD)
    end = 32 + struct.unpack_from("<I", content, 20)[0]
    (image,) = read_images(io.BytesIO(content[:end]), is_whole=False)
    assert (image.minos, image.imports, image.exports) == ((11, 1, 2), (), {})
    with pytest.raises(ValueError, match="ends too early"):
        read(content[:end])


@pytest.mark.parametrize(
    "content", [b"", b"\xcf\xfa", b"import torch\n", b"\xca\xfe\xba\xbe\0\0\0\x41" * 9]
)
def test_a_file_of_another_kind_has_no_archs(content):
    """A compiled Java class begins like a fat file."""
    assert read(content) == []


@pytest.mark.parametrize(
    ("library", "minos"),
    [(Library(minos=None), None), (Library(minos=(10, 13, 6), is_old=True), (10, 13, 6))],
)
def test_the_macos_of_a_file_may_be_in_an_older_command_or_missing(library, minos):
    (image,) = read(write(library))
    assert image.minos == minos


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (write(Library(platform=2)), "platform 2, not for macOS"),
        (write(replace(CHAINED, compressed=1)), "are compressed"),
        (write(OLD).replace(b"\x51\x60\x7f", b"\xd1\x60\x7f", 1), "unknown bind opcode, 0xd1"),
        (write(OLD)[:-3], "ends too early"),
        (write(Library())[:16] + b"\xff" * 8 + write(Library())[24:], "too many load commands"),
        (write(Library())[:36] + b"\4" + write(Library())[37:], "size that makes no sense"),
    ],
)
def test_a_file_that_cannot_be_understood_is_an_error(content, said):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=said):
        read(content)


def test_a_bind_without_a_symbol_is_an_error():
    content = write(replace(OLD, binds=[("_x", 1, False)]))
    with pytest.raises(ValueError, match="without a name"):
        read(content.replace(b"\x11\x40_x\0\x51", b"\x90\0\0\0\0\0", 1))


def test_a_trie_whose_nodes_meet_is_an_error():
    """A loop would never end, and nodes that share children would make up endless names."""
    with pytest.raises(ValueError, match="not a tree"):
        read_exports(b"\0\1a\0\0", Budget())


def test_long_names_that_overlap_are_an_error():
    """Many imports can share the name of a small file, and be larger than memory together."""
    rows = [("x" * 500, 1, False)] * 50
    content = write_chained(replace(CHAINED, chained=rows))
    assert len(list(read_chained_imports(content, Budget(50 * 501)))) == 50
    with pytest.raises(ValueError, match="too long names"):
        list(read_chained_imports(content, Budget(50 * 501 - 1)))


FILES = [write(OLD), write(CHAINED), write_fat(write(OLD), write(for_arch(CHAINED, "x86_64")))]


@st.composite
def damaged(draw):
    """Return a file with some bytes changed, cut off or repeated."""
    content = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, len(content) - 1))
        content[place] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))])


@settings(max_examples=examples(600))
@given(damaged() | st.binary(max_size=200).map(lambda tail: write(OLD)[:32] + tail))
def test_no_bytes_break_the_reader(content):
    """It returns images, or raises ValueError; any other error fails this test."""
    with contextlib.suppress(ValueError):
        assert all(one.arch in {"arm64", "x86_64"} for one in read(content))


@settings(max_examples=examples(300))
@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1),
        st.none() | st.tuples(st.just("_o"), st.integers(0, 200)),
        max_size=12,
    )
)
def test_every_export_is_read_as_it_was_written(exports):
    """Also where one name is the beginning of another."""
    (image,) = read(write(Library(name="a", exports=exports)))
    assert image.exports == {name: one and Reexport(*one) for name, one in exports.items()}

"""Which macOS the libraries of a wheel need, by their fixups and strong imports."""

from __future__ import annotations

import io
import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from fixed_catalog import read_yaml
from mach_o_writer import LIBCXX, SYSTEM, Library, for_arch, write_wheel
from packaging.version import Version

from torchard.binaries.image import CHAINED_64, CHAINED_64_OFFSET, FLAT_LOOKUP, OPCODES, WEAK_LOOKUP
from torchard.binaries.minimum import find_minimum
from torchard.binaries.symbols import load_symbols, parse_symbols
from torchard.binaries.wheel import read_wheel

ROOT = Path(__file__).parents[3]
FILE = read_yaml(resources.files("torchard.binaries").joinpath("symbols.yaml").read_bytes())
METAL = "/System/Library/Frameworks/Metal.framework/Versions/A/Metal"


def row(library, since, sure, *names, arch="arm64"):
    """Return a row of the table."""
    return {
        "library": library, "arch": arch, "since": since, "sure": sure, "names": " ".join(names),
    }  # fmt: skip


TABLE = parse_symbols(
    {
        "fixups": [
            {"name": OPCODES, "since": "10.6", "sure": "10.6"},
            {"name": CHAINED_64, "since": "10.15", "sure": "10.15"},
            {"name": CHAINED_64_OFFSET, "since": "11.0", "sure": "12.0"},
        ],
        "symbols": [
            row(SYSTEM, "11.0", "11.0", "_free", "_malloc"),
            row(SYSTEM, "10.13", "10.15", "_free", arch="x86_64"),
            row(LIBCXX, "12.3", "13.0", "__ZTV6stream"),
            row(LIBCXX, "11.0", "11.0", "__Znwm"),
        ],
    }
)


def minimum(files, arch="arm64", on_demand=()):
    """Return what a wheel needs, as text."""
    images = read_wheel(io.BytesIO(write_wheel(files)), arch)
    found = find_minimum(images, TABLE, on_demand)
    return str(found.macos), str(found.sure), found.cause, found.unknown


def library(*binds, **fields):
    """Return a library that imports from the system and from libc++."""
    return Library(loads=[(0xC, SYSTEM), (0xC, LIBCXX)], binds=binds, **fields)


def test_the_macos_that_a_library_was_built_for_does_not_count():
    """Libomp.dylib in torch 2.8.0 was built for macOS 14, and loads on macOS 11."""
    built = library(("_free", 1, False), minos=(14, 0, 0))
    assert minimum({"libomp.dylib": built})[:2] == ("11.0", "11.0")


def test_the_newest_strong_symbol_of_every_library_counts():
    """Lazy imports count, too, because a call of one ends the program."""
    files = {
        "a.so": library(("_free", 1, False), exports={"_a": None}),
        "lib/c10.dylib": library(lazy=[("__ZTV6stream", 2, False)]),
    }
    assert minimum(files) == (
        "12.3", "13.0", "__ZTV6stream of libc++.1.dylib, which c10.dylib imports", (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pointers", "macos", "sure"), [((2,), "11.0", "11.0"), ((6,), "11.0", "12.0")]
)
def test_the_format_of_fixups_counts(pointers, macos, sure):
    """What dyld's sources say is inferred until the first macOS whose vendor names it."""
    chained = Library(chained=[("_free", 1, False)], pointers=pointers)
    assert minimum({"a.so": chained})[:2] == (macos, sure)


def test_a_weak_import_does_not_count():
    """The library checks whether the Mac has it."""
    assert minimum({"a.so": library(("_free", 1, False), ("_new", 1, True))})[3] == ()


def test_a_symbol_that_the_table_lacks_is_unknown():
    """A new library, a new symbol and a new format of fixups are each for a person to settle."""
    new = Library(
        loads=[(0xC, SYSTEM), (0xC, METAL)],
        chained=[("_newest", 1, False), ("_device", 2, False), ("_newest", WEAK_LOOKUP, False)],
        pointers=(12,),
    )
    assert minimum({"a/new.so": new}) == (
        "None",
        "None",
        "",
        (
            "the chained 12 fixups of new.so",
            "_newest of libSystem.B.dylib, which new.so imports",
            "_device of Metal, which new.so imports",
            "_newest of libSystem.B.dylib or Metal, which new.so imports",
        ),
    )


def test_what_python_and_other_packages_have_is_not_asked_of_macos():
    """Companions import from torch's libraries, which are in another wheel."""
    companion = Library(
        loads=[(0xC, SYSTEM), (0xC, "@rpath/libtorch_cpu.dylib")],
        chained=[
            ("_PyErr_Occurred", FLAT_LOOKUP, False),
            ("_at", 2, False),
            ("__ZTI5Error", WEAK_LOOKUP, False),
        ],
    )
    assert minimum({"a.so": companion}) == (
        "11.0", "12.0", "the chained 64_OFFSET fixups of a.so", (),
    )  # fmt: skip


def test_a_symbol_that_any_of_several_libraries_may_have_is_as_old_as_the_first():
    either = Library(
        loads=[(0xC, SYSTEM), (0xC, LIBCXX)], chained=[("__ZTV6stream", WEAK_LOOKUP, False)]
    )
    assert minimum({"a.so": either})[0] == "12.3"


def test_a_re_exported_library_is_asked_for_what_a_bundled_one_lacks():
    cxx = Library(name="libcxx.dylib", loads=[(0x8000001F, LIBCXX)], exports={"_own": None})
    outer = Library(
        loads=[(0xC, "@rpath/libcxx.dylib")],
        binds=[("_own", 1, False), ("__ZTV6stream", 1, False)],
    )
    assert minimum({"a.so": outer, ".dylibs/libcxx.dylib": cxx})[0] == "12.3"


def test_files_on_demand_are_left_out_with_what_only_they_load():
    """Torchaudio loads its sox backend when a program asks for it, and libcxx at once."""
    files = {
        "a/lib/a.so": Library(loads=[(0xC, "@rpath/cxx.dylib")], binds=[("_c", 1, False)]),
        "a/lib/sox.so": Library(loads=[(0xC, "@rpath/flac.dylib")], binds=[("_f", 1, False)]),
        "a/.dylibs/cxx.dylib": library(("_free", 1, False), name="cxx", exports={"_c": None}),
        "a/.dylibs/flac.dylib": library(
            ("__ZTV6stream", 2, False), name="flac", exports={"_f": None}
        ),
    }
    assert minimum(files)[0] == "12.3"
    assert minimum(files, on_demand=["a/lib/sox.so", "a/.dylibs/*"])[0] == "11.0"


def test_each_arch_has_its_own_symbols():
    intel = for_arch(library(("_free", 1, False)), "x86_64")
    assert minimum({"a.so": intel}, "x86_64")[:2] == ("10.13", "10.15")


def test_a_wheel_without_libraries_needs_no_macos():
    assert minimum({"a.py": b"import torch"}) == ("None", "None", "", ())


def test_a_library_without_fixups_that_are_known_is_unknown():
    """Before 2009, linkers wrote relocations, which are not read."""
    old = Library(loads=[(0xC, SYSTEM)], chained=[("_free", 1, False)], pointers=())
    assert minimum({"a.so": old})[3] == ("the imports of a.so",)


def test_the_table_is_valid():
    """Its file is valid under its schema, and every row's source is one of its sources."""
    schema = json.loads((ROOT / "schemas/symbols.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(FILE)
    assert [f"{one.json_path}: {one.message}" for one in errors] == []
    used = {key for one in (*FILE["fixups"], *FILE["symbols"]) for key in one["source"]}
    assert used == FILE["sources"].keys()


def test_no_symbol_is_in_the_table_twice():
    """And what was inferred is older than what was looked up."""
    names = [
        (one["arch"], one["library"], name)
        for one in FILE["symbols"]
        for name in one["names"].split()
    ]
    assert len(names) == len(set(names)) > 2000
    for one in (*FILE["fixups"], *FILE["symbols"]):
        assert Version(one["since"]) <= Version(one["sure"])


def test_the_table_is_found_by_arch_library_and_name():
    table = load_symbols()
    stream = "__ZTTNSt3__118basic_stringstreamIcNS_11char_traitsIcEENS_9allocatorIcEEEE"
    found = table.find("arm64", LIBCXX, stream)
    assert found is not None
    assert [str(one) for one in found] == ["12.3", "13.0"]
    assert table.find("arm64", LIBCXX, "_gone") is None
    assert table.find("arm64", METAL, stream) is None

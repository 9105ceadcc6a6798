"""Wheels: which of their files are read, and where their imports come from."""

from __future__ import annotations

import io

import pytest
from mach_o_writer import LIBCXX, SYSTEM, Library, for_arch, write, write_fat, write_wheel

from torchard.binaries.image import FLAT_LOOKUP, MAIN_EXECUTABLE, WEAK_LOOKUP
from torchard.binaries.trace import is_system_library, trace_needs
from torchard.binaries.wheel import read_wheel

CXXABI = "/usr/lib/libc++abi.dylib"


def read(content, arch="arm64", **options):
    """Return the libraries of a wheel."""
    return read_wheel(io.BytesIO(content), arch, **options)


def needs(**files):
    """Return what a wheel needs from outside it; the files are named by their last part."""
    content = write_wheel({f"torch/lib/{name}.dylib": file for name, file in files.items()})
    return [one[1:] for one in trace_needs(read(content))]


def test_libraries_and_programs_are_read_for_one_arch():
    """A file is a program by its mode; some wheels mark their sources as programs, too."""
    intel = for_arch(Library(minos=(10, 13, 0)), "x86_64")
    content = write_wheel(
        {
            "torch/_C.so": Library(),
            "torch/lib/both.dylib": write_fat(write(intel), write(Library(minos=(12, 3, 0)))),
            "torch/lib/intel.dylib": intel,
            "torch/bin/protoc-3.13.0.0": Library(),
            "torch/bin/manager": Library(),
            "torch/text.so": b"no library",
            "torch/run": Library(),
            "torch/code.py": b"import torch",
        },
        programs=["torch/bin/protoc-3.13.0.0", "torch/bin/manager", "torch/code.py"],
    )
    assert list(read(content)) == [
        "torch/_C.so",
        "torch/lib/both.dylib",
        "torch/bin/protoc-3.13.0.0",
        "torch/bin/manager",
    ]
    found = read(content, "x86_64", is_whole=False)
    assert {name: one.minos for name, one in found.items()} == {
        "torch/lib/both.dylib": (10, 13, 0),
        "torch/lib/intel.dylib": (10, 13, 0),
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no wheel", "^the wheel: File is not a zip file$"),
        (write_wheel({"a/b.so": Library(platform=2)}), "^a/b.so: it was built for platform 2"),
        (write_wheel({"a/b.so": write(Library())[:-9]}), "^a/b.so: it ends too early$"),
        (write_wheel({"a/b.so": write(Library())}).replace(b"PK\3\4", b"PK\3\5"), "^a/b.so: Bad"),
    ],
)
def test_a_wheel_that_cannot_be_read_is_an_error_with_the_file(content, said):
    with pytest.raises(ValueError, match=said):
        read(content)


def test_libraries_that_unpack_to_more_than_memory_are_an_error(monkeypatch):
    """The directory of a wheel says how large its files are."""
    monkeypatch.setattr("torchard.binaries.wheel._UNPACKED_MOST", 100)
    with pytest.raises(ValueError, match="too large to read"):
        read(write_wheel({"a/b.so": Library()}))


def test_what_another_file_of_the_wheel_exports_is_not_needed():
    """A library is found by the last part of its install name, whatever folder it names."""
    inner = Library(name="/opt/homebrew/lib/libomp.dylib", exports={"_omp": None})
    outer = Library(
        loads=[(0xC, SYSTEM), (0xC, "@rpath/inner.dylib"), (0xC, "@rpath/libtorch.dylib")],
        binds=[("_free", 1, False), ("_omp", 2, False), ("_at", 3, True), ("_own", 0, False)],
    )
    assert needs(inner=inner, outer=outer) == [
        ((SYSTEM,), "_free", False),
        (("@rpath/libtorch.dylib",), "_at", True),
    ]


def test_a_bundled_library_is_followed_to_what_it_re_exports():
    """Wheels with their own libc++ get the exceptions of the system's libc++abi through it."""
    cxx = Library(
        name="libc++.1.0.dylib",
        loads=[(0xC, SYSTEM), (0x8000001F, CXXABI)],
        exports={"__Znwm": None, "_moved": ("_old", 1), "_self": ("_loop", 3)},
    )
    outer = Library(
        loads=[(0xC, "@loader_path/cxx.dylib")],
        binds=[("__Znwm", 1, False), ("___cxa_throw", 1, False), ("_moved", 1, False)],
    )
    assert needs(cxx=cxx, outer=outer) == [
        ((CXXABI,), "___cxa_throw", False),
        ((SYSTEM,), "_old", False),
    ]


def test_libraries_that_re_export_each_other_are_followed_once():
    a = Library(name="a", loads=[(0x8000001F, "@rpath/b.dylib")])
    b = Library(name="b", loads=[(0x8000001F, "@rpath/a.dylib")], binds=[("_x", 1, False)])
    assert needs(a=a, b=b) == [(("@rpath/a.dylib",), "_x", False)]


def test_a_symbol_that_no_file_of_the_wheel_exports_is_needed_from_the_bundled_library():
    inner = Library(name="inner", exports={"_here": None})
    outer = Library(loads=[(0xC, "@rpath/inner.dylib")], binds=[("_gone", 1, False)])
    assert needs(inner=inner, outer=outer) == [(("@rpath/inner.dylib",), "_gone", False)]


def test_a_symbol_without_a_library_comes_from_anywhere():
    """Extension modules find Python so; C++ finds a shared definition in any library it loads."""
    library = Library(
        loads=[(0xC, SYSTEM), (0xC, LIBCXX)],
        chained=[
            ("_PyErr_Occurred", FLAT_LOOKUP, False),
            ("_main", MAIN_EXECUTABLE, False),
            ("__ZTI9Exception", WEAK_LOOKUP, False),
            ("__Znwm", WEAK_LOOKUP, False),
        ],
        exports={"__ZTI9Exception": None},
    )
    assert needs(a=library) == [
        ((), "_PyErr_Occurred", False),
        ((), "_main", False),
        ((SYSTEM, LIBCXX), "__Znwm", False),
    ]


def test_an_import_from_a_library_that_is_not_loaded_is_an_error():
    with pytest.raises(ValueError, match="from a library that it does not load"):
        needs(a=Library(binds=[("_x", 2, False)]))


def test_the_libraries_of_macos_are_those_in_its_two_folders():
    """Homebrew's and a wheel's own are not."""
    assert is_system_library(SYSTEM)
    assert is_system_library("/System/Library/Frameworks/Metal.framework/Metal")
    assert not is_system_library("/usr/local/lib/libomp.dylib")

"""What other wheels and Macs have to know of the libraries in a wheel."""

from __future__ import annotations

import io

import pytest
from mach_o_writer import LIBCXX, SYSTEM, Library, write_wheel

from torchard.binaries.summary import (
    Summary,
    Symbol,
    find_missing,
    read_key,
    shorten_name,
    summarize,
)
from torchard.binaries.wheel import read_wheel

LOAD, REEXPORT = 0xC, 0x8000001F
CPU, C10 = "@rpath/libtorch_cpu.dylib", "@rpath/libc10.dylib"


def summary(files, arch="arm64"):
    """Return the summary of a wheel with some files."""
    return summarize(read_wheel(io.BytesIO(write_wheel(files)), arch))


def test_strong_imports_from_pytorch_are_listed_by_library():
    """Weak ones load without their symbol; those of macOS and of the wheel itself are others'."""
    own = "@rpath/libtorchaudio.dylib"
    found = summary(
        {
            "a/_C.so": Library(
                loads=((LOAD, SYSTEM), (LOAD, CPU), (LOAD, C10), (LOAD, own)),
                binds=(
                    ("_free", 1, False),
                    ("_at_add", 2, False),
                    ("_at_old", 2, True),
                    ("_c10_warn", 3, False),
                    ("_mine", 4, False),
                ),
            ),
            "a/lib/libtorchaudio.dylib": Library(
                name=own,
                loads=((LOAD, CPU),),
                binds=(("_at_mul", 1, False),),
                exports={"_mine": None},
            ),
        }
    )
    assert found.imports == {
        "libc10.dylib": ["_c10_warn"],
        "libtorch_cpu.dylib": ["_at_add", "_at_mul"],
    }
    assert found.exports == {}


def test_a_library_has_what_it_exports_again():
    """Dyld also looks in the libraries that the named one re-exports."""
    torch = summary(
        {
            "torch/lib/libtorch.dylib": Library(
                name="@rpath/libtorch.dylib", loads=((REEXPORT, CPU),), exports={"_main": None}
            ),
            "torch/lib/libtorch_cpu.dylib": Library(
                name=CPU,
                loads=((REEXPORT, "@rpath/libtorch.dylib"),),
                exports={"_at_add": None},
            ),
            "torch/lib/libomp.dylib": Library(name="@rpath/libomp.dylib", exports={"_omp": None}),
        }
    )
    assert torch.exports == {
        "libtorch.dylib": ["_at_add", "_main"],
        "libtorch_cpu.dylib": ["_at_add", "_main"],
    }


def test_a_symbol_is_missing_where_its_own_library_lacks_it():
    """Another library of torch with that symbol does not help, nor does one that is not there."""
    wheel = Summary(imports={"libc10.dylib": ["_a", "_b"], "libtorch_python.dylib": ["_c"]})
    torch = Summary(exports={"libc10.dylib": ["_a"], "libtorch_cpu.dylib": ["_b", "_c"]})
    assert find_missing(wheel, torch) == [
        Symbol("libc10.dylib", "_b"),
        Symbol("libtorch_python.dylib", "_c"),
    ]


def test_imports_of_a_flat_namespace_are_found_in_any_library():
    """Only names in PyTorch's own namespaces count: Python's functions are flat as well."""
    names = (
        "__ZN3c105ErrorD1Ev", "__ZNK2at6Tensor3addEv", "__ZTVN5torch3nn6ModuleE",
        "_aoti_torch_aten_full", "_PyList_New", "__ZNSt3__16vectorIN2at6TensorEE", "__ZN2ax1yEv",
    )  # fmt: skip
    flat = tuple((one, -2, False) for one in names)
    weak = ("__ZN3c104goneEv", -2, True)
    own = Library(name="@rpath/libown.dylib", exports={"__ZN2at4mineEv": None})
    files = {
        "a/_C.so": Library(binds=(*flat, weak, ("__ZN2at4mineEv", -2, False))),
        "a/libown.dylib": own,
    }
    found = summary(files)
    assert found.imports == {"": sorted(names[:4])}
    torch = Summary(exports={"libc10.dylib": [names[0]], "libtorch_cpu.dylib": [names[1]]})
    assert find_missing(found, torch) == [Symbol("", names[2]), Symbol("", names[3])]


def test_the_macos_is_that_of_the_table():
    """What the table does not know is counted, with an example."""
    found = summary(
        {
            "a.so": Library(
                minos=(13, 1, 0),
                loads=((LOAD, SYSTEM), (LOAD, LIBCXX)),
                chained=(("_nobody_knows", 1, False), ("_neither", 2, False)),
            )
        }
    )
    assert (found.macos, found.built_for, found.unknown) == ("11.0", "13.1.0", 2)
    assert found.cause == "the chained 64_OFFSET fixups of a.so"
    assert found.example == "_nobody_knows of libSystem.B.dylib, which a.so imports"


def test_a_wheel_without_libraries_has_an_empty_summary():
    """Libraries for another arch count as none."""
    assert summary({"a/__init__.py": b"", "a/_C.so": Library(arch="x86_64")}) == Summary()


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("__ZN3c105ErrorC1ENSt3__112basic_stringIcEE", "c10::Error"),
        ("__ZNK5torch3jit17parseSchemaOrNameERKS1_", "torch::jit::parseSchemaOrName"),
        ("__Z3addii", "add"),
        ("__ZTVN2at6TensorE", "_ZTVN2at6TensorE"),
        ("_aoti_torch_aten_full", "aoti_torch_aten_full"),
        ("__ZN999short", "short"),
        ("", ""),
    ],
)
def test_a_symbol_is_named_as_in_its_source(symbol, name):
    """Parameters are left out, and other names stay as they are."""
    assert shorten_name(symbol) == name


def test_the_key_is_that_of_the_table_and_the_reader(monkeypatch):
    """A summary of another reader is not used."""
    before = read_key()
    monkeypatch.setattr("torchard.binaries.summary._READER", 99)
    assert len(before) == 16
    assert read_key() not in {before, ""}

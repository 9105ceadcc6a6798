"""`torchard catalog verify` against simlab's index, which has the real file names and tags."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from fixed_catalog import load_real_catalog
from mach_o_writer import SYSTEM, Library, write_wheel
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.curate.matrix import WheelSet
from torchard.curate.verify import (
    compare_libraries,
    fetch_listings,
    find_contradictions,
    resolve_wheel_sets,
)
from torchard.curate.wheel_index import find_oldest_macos, list_wheels

NEWEST = Library(loads=[(0xC, SYSTEM)], binds=[("_newest", 1, False)])


def test_the_real_rows_agree_with_the_index(served):
    """simlab/wheels.yaml has the wheels of every release that Torchard knows."""
    real = load_real_catalog()
    assert not list(find_contradictions(real.releases, fetch_listings(served.index).wheels, real))


def test_catalogue_agrees_with_the_index(catalog):
    """Every row is what the index lists, and every stable set of wheels resolves."""
    done = catalog("verify", "--release", "stable")
    assert (done.returncode, done.stderr) == (0, "Resolving\n")
    assert re.fullmatch(
        r"The index agrees: 1071 cells, 21 releases, \d+ sets of wheels resolved\.\n", done.stdout
    )


def test_index_that_lost_a_wheel_contradicts_the_catalogue(catalog, served):
    """A missing wheel is one line for its row, one for what no longer resolves, and exit 1."""
    lost = "torch-1.12.1-cp39-none-macosx_10_9_x86_64.whl"
    served.lose("torch", lost)
    done = catalog("verify", "--release", "1.12.1")
    row, resolved = done.stdout.splitlines()
    assert row == (
        "torch 1.12.1, x86_64, python 3.9: the catalogue has a wheel for macOS 10.9,"
        " the index no wheel."
    )
    assert resolved.startswith(
        "torch 1.12.1, torchvision 0.13.1, torchaudio 0.12.1, x86_64, macOS 11.0, python 3.9"
        " does not resolve: "
    )
    assert done.returncode == 1


def test_index_that_lacks_a_page_hides_nothing_of_the_others(catalog, served):
    """The page is named, the other projects are compared, and no set of wheels is resolved."""
    served.instead["/simple/torchvision/"] = None
    served.lose("torch", "torch-1.12.1-cp39-none-macosx_10_9_x86_64.whl")
    done = catalog("verify", "--release", "1.12.1")
    assert done.returncode == 1
    assert done.stdout == (
        "torch 1.12.1, x86_64, python 3.9: the catalogue has a wheel for macOS 10.9,"
        " the index no wheel.\n"
    )
    assert f"No answer from the wheel index: {served.index}/torchvision/ cannot be" in done.stderr
    assert "so no set of wheels was resolved" in done.stderr


def test_an_unknown_release_is_an_error(catalog):
    """Only releases of the catalogue can be verified."""
    done = catalog("verify", "--release", "9.9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "The catalogue has no release 9.9." in done.stderr


SAID = {
    "wrong tag": "the catalogue has a wheel for macOS 13.0, the index a wheel for macOS 14.0.",
    "too few": "the catalogue has no wheel, the index a wheel for macOS 14.0.",
    "too many": "the catalogue has a wheel for macOS 14.0, the index no wheel.",
}


@pytest.mark.parametrize(
    ("package", "change", "said"),
    [
        ("torch", {"tag": Version("13.0")}, f"3.11, 3.12, 3.13, 3.14, 3.15: {SAID['wrong tag']}"),
        ("torch", {"last": (3, 12)}, f"3.13, 3.14, 3.15: {SAID['too few']}"),
        ("torch", {"first": (3, 10)}, f"3.10: {SAID['too many']}"),
        ("torchvision", {"first": (3, 9)}, f"3.9: {SAID['too many']}"),
    ],
)
def test_contradicting_row_is_named(served, package, change, said):
    """A row with a wrong tag or python is one line with the values of both."""
    release = load_catalog().releases[0]
    (rows,) = release.builds["arm64"][package]
    arm = {**release.builds["arm64"], package: (replace(rows, **change),)}
    wrong = replace(release, builds={"arm64": arm})
    listed = fetch_listings(served.index).wheels
    assert not list(find_contradictions([release], listed, load_catalog()))
    (line,) = find_contradictions([wrong], listed, load_catalog())
    assert line.endswith(f", arm64, python {said}")
    assert line.startswith(f"{package} {release.packages[package]}")


def test_a_row_that_disagrees_with_a_wheel_is_named(served):
    """The libraries of a wheel decide, and a symbol that the table lacks is not known."""
    release = next(one for one in load_catalog().releases if str(one.version) == "2.8.0")
    (rows,) = release.builds["arm64"]["torch"]
    only = replace(release, builds={"arm64": {"torch": (rows,)}})
    listed = fetch_listings(served.index).wheels
    (wheel,) = (one for one in listed["torch"] if one.name.startswith("torch-2.8.0-cp313-none-"))
    library = Library(loads=[(0xC, SYSTEM)], chained=[("_free", 1, False)], minos=(14, 0, 0))
    said = []
    for one in (library, replace(library, minos=(11, 0, 0)), NEWEST):
        served.files[urlsplit(wheel.url).path] = write_wheel({"torch/lib/libomp.dylib": one})
        said += compare_libraries([only], listed, load_catalog())
    name = "torch-2.8.0-cp313-none-macosx_11_0_arm64.whl, arm64"
    assert said == [
        None,
        (
            f"{name}: the catalogue has needs 11.0, sure 12.0, minos 14.0 of libomp.dylib;"
            " its libraries say needs 11.0, sure 12.0."
        ),
        (
            f"{name}: not known: the table of symbols does not have _newest of libSystem.B.dylib,"
            " which libomp.dylib imports."
        ),
    ]


def test_wheels_of_an_arch_without_a_row_contradict_the_catalogue(served):
    """An arch that a row does not have must have no wheel of torch."""
    last = next(one for one in load_catalog().releases if str(one.version) == "2.2.2")
    arm_only = replace(last, builds={"arm64": last.builds["arm64"]})
    (line,) = find_contradictions([arm_only], fetch_listings(served.index).wheels, load_catalog())
    assert line == (
        "torch 2.2.2, x86_64, python 3.9, 3.10, 3.11, 3.12:"
        " the catalogue has no wheel, the index a wheel for macOS 10.9."
    )


def test_wheels_that_exclude_each_other_do_not_resolve(served, monkeypatch, tmp_path):
    """The sentence has uv's reason."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    packages = (("torch", "2.6.0"), ("torchvision", "0.20.1"))
    (said,) = resolve_wheel_sets([WheelSet("arm64", "15.0", "3.12", packages, ())], load_catalog())
    assert "does not resolve" in said
    assert "torchvision==0.20.1" in said


def test_only_usable_wheels_are_listed(served):
    """Yanked files, sources and invalid names do not count, and Requires-Python applies."""
    tags = "cp312-cp312-macosx_11_0_arm64.whl"
    served.instead["/simple/torch/"] = (
        f'<a href="torch-1.0-{tags}" data-yanked="broken">x</a><a href="torch-1.0.tar.gz">x</a>'
        f'<a href="torch.whl">x</a><a>x</a><a href="../torch-2.0-{tags}#sha256=00">x</a>'
        f'<a href="torch-3.0-py3-none-macosx_12_0_universal2.whl" data-requires-python="&gt;=3.11">'
        f'x</a><a href="torch-4.0-cp313-cp313t-macosx_11_0_arm64.whl">x</a>'
    )
    files = list_wheels(served.index, "torch")
    assert [str(one.version) for one in files] == ["2.0", "3.0", "4.0"]
    assert files[0].url == f"{served.url}/simple/torch-2.0-{tags}"
    two, three, four = ([one] for one in files)
    assert find_oldest_macos(two, "arm64", "3.12") == Version("11.0")
    assert find_oldest_macos(two, "arm64", "3.11") is None
    assert find_oldest_macos(two, "x86_64", "3.12") is None
    assert find_oldest_macos(three, "x86_64", "3.14") == Version("12.0")
    assert find_oldest_macos(three, "arm64", "3.10") is None
    assert find_oldest_macos(four, "arm64", "3.13") is None

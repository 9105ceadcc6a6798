"""The benchmark for a Mac: what needs no Mac works here, and all of it declines politely."""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))

import clones_on_this_mac  # noqa: E402


def test_it_says_where_to_run_it(tmp_path):
    """On another system it writes nothing and exits with 1."""
    if sys.platform == "darwin":
        pytest.skip("this is a Mac")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/clones_on_this_mac.py"), "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"This benchmark measures macOS, and this computer runs {platform.system()}."
        " Run it on a Mac.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_tree_is_reproduced_file_by_file(tmp_path):
    """With the same bytes, by a copy that shares nothing, and by links that share all."""
    source = tmp_path / "source"
    clones_on_this_mac.make_tree(source, 450, size=64)
    assert clones_on_this_mac.reproduce(source, tmp_path / "copied", clones_on_this_mac.copy) == 450
    assert clones_on_this_mac.reproduce(source, tmp_path / "linked", os.link) == 450
    one = Path("0002/449.py")
    texts = {(tmp_path / name / one).read_bytes() for name in ("source", "copied", "linked")}
    assert len(texts) == 1
    inodes = {
        name: (tmp_path / name / one).stat().st_ino for name in ("source", "copied", "linked")
    }
    assert inodes["source"] == inodes["linked"] != inodes["copied"]


def test_each_way_is_measured_and_leaves_nothing(tmp_path):
    """Trees and first imports, with this Python's own library."""
    ways = {"copy": clones_on_this_mac.copy, "hard link": os.link}
    trees = clones_on_this_mac.measure_trees(tmp_path, 10, ways)
    assert [trees[name]["files"] for name in ways] == [10, 10]
    library = clones_on_this_mac.find_library()
    imports = clones_on_this_mac.measure_imports(
        tmp_path, library, {"copy": clones_on_this_mac.copy}, 2
    )
    assert imports["copy"]["libraries"] == 2
    assert min(imports["copy"]["first"], imports["copy"]["second"]) > 0
    assert list(tmp_path.iterdir()) == []


def test_a_volume_without_clones_says_why(tmp_path):
    """The error's name is the answer, and a clone with other bytes is not one."""

    def refuse(_source, _target):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    assert clones_on_this_mac.try_clone(tmp_path, refuse) in {
        "ENOTSUP: Operation not supported",
        "EOPNOTSUPP: Operation not supported",
    }
    assert clones_on_this_mac.try_clone(tmp_path, clones_on_this_mac.copy) == "works"
    wrong = clones_on_this_mac.try_clone(tmp_path, lambda _, target: target.write_bytes(b""))
    assert wrong == "other bytes"
    assert list(tmp_path.iterdir()) == []


def test_a_system_without_clonefile_says_so():
    """Only macOS has it."""
    if sys.platform == "darwin":
        pytest.skip("this is a Mac")
    with pytest.raises(OSError, match="this system has no clonefile"):
        clones_on_this_mac.load_clonefile()

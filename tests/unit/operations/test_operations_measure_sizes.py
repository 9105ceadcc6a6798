"""What Torchard's files take on a Mac is measured there, within a time."""

from __future__ import annotations

import os
from types import SimpleNamespace

from torchard.operations.scripts import measure_sizes
from torchard.operations.scripts.measure_sizes import measure_all

PARTS = {"generations", "depot", "kept", "logs", "asides"}


def write(path, size=100_000):
    """Write a file of so many bytes, which no file system makes smaller; return what it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path.stat().st_blocks * 512


def test_each_part_is_measured(tmp_path):
    """Minicondas that were set aside lie outside, at the prefix or where the list says."""
    root, prefix = tmp_path / ".torchard", tmp_path / "miniconda3"
    for name in ("generations/torch-1/bin/python", "depot/incoming/1", "kits/torch-1/kit.json"):
        write(root / name)
    write(root / "log/1.log")
    one = write(tmp_path / "miniconda3.torchard-aside-20261101-120000/bin/python")
    write(tmp_path / "conda.torchard-aside-20261101-120000/bin/python")
    listed = f"{tmp_path}/conda.torchard-aside-20261101-120000\n{tmp_path}/gone\n"
    (root / "asides").write_text(listed, encoding="utf-8")
    sizes = measure_all(60, str(root), str(prefix))
    assert sizes.keys() == PARTS
    assert sizes["kept"] == 0
    folders = 64 * 1024  # of a file system that keeps them in blocks
    assert 2 * one <= sizes["depot"] <= 2 * one + folders
    assert 2 * one <= sizes["asides"] <= 2 * one + folders
    assert one <= sizes["generations"] <= one + folders
    assert one <= sizes["logs"] <= one + folders


def test_two_names_of_one_file_count_once_and_links_are_not_followed(tmp_path):
    """A generation of hard links takes no room of its own."""
    size = write(tmp_path / "depot/a")
    os.link(tmp_path / "depot/a", tmp_path / "depot/b")
    write(tmp_path / "other/big", 1_000_000)
    (tmp_path / "depot/link").symlink_to(tmp_path / "other")
    assert size <= measure_all(60, str(tmp_path), "/none")["depot"] < 2 * size + 64 * 1024


def test_what_is_not_measured_in_time_is_unknown(tmp_path, monkeypatch):
    """The small parts come first, so that a large environment does not hide them."""
    write(tmp_path / "log/1.log")
    write(tmp_path / "generations/torch-1/file")
    clock = iter([0, *[0] * 4, *[100] * 9])
    ticking = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr(measure_sizes, "time", ticking)
    sizes = measure_all(20, str(tmp_path), "/none")
    assert sizes["logs"] is not None
    assert sizes["generations"] is None

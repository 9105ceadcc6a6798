"""Clones are compared with what is noted of them. tests/macs/test_scripts_sharing.py clones."""

from __future__ import annotations

import os

import pytest
from generation_tree import write

from torchard.operations.scripts.share_wheels import DifferentError, Generation
from torchard.operations.scripts.wheel_files import measure


@pytest.mark.parametrize("count", [3, 300])
@pytest.mark.parametrize("case", ["as noted", "altered", "a second name"])
def test_one_file_among_few_or_many_is_found(tmp_path, count, case):
    """Also one that another name leads to, so that somebody may change it there."""
    names = [f"f{number}" for number in range(count)]
    rows = {name: measure(str(write(tmp_path, name, name))) for name in names}
    if case == "altered":
        write(tmp_path, names[-1], "f")
    elif case == "a second name":
        os.link(tmp_path / names[-1], tmp_path / "second")
    new = Generation(str(tmp_path), "cpython-312 00 site")
    if case == "as noted":
        new.check_all(rows)
    else:
        with pytest.raises(DifferentError, match=f"^{names[-1]}$"):
            new.check_all(rows)


def test_a_folder_that_leads_out_of_the_generation_gets_no_file(tmp_path):
    """A package of conda may have a link there."""
    root = tmp_path / "new"
    root.mkdir()
    (root / "share").symlink_to(tmp_path)
    new = Generation(str(root), "cpython-312 00 site")
    with pytest.raises(DifferentError, match=r"^share$"):
        new.make_folder("share/apple")
    assert list(tmp_path.iterdir()) == [root]

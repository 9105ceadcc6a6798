"""The oldest Minicondas that Torchard set aside are removed, unless a person's things are there."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from torchard.operations.scripts.bound_asides import bound, find_persons_own

RECORD = {
    "files": ["bin/python", "lib/python3.12/os.py"],
    "paths_data": {
        "paths": [
            {"_path": "bin/python"},
            {
                "_path": "lib/python3.12/os.py",
                "sha256_in_prefix": hashlib.sha256(b"").hexdigest(),
            },
        ]
    },
}
UNPACKED = {"paths": [{"_path": "bin/conda"}, {"_path": "site-packages/conda/api.py"}]}


@pytest.fixture
def aside(tmp_path):
    """Make a Miniconda as Torchard sets it aside: `aside(1)` is older than `aside(2)`."""
    root = tmp_path / ".torchard"
    root.mkdir()

    def make(day: int, *, half: bool = False):
        path = tmp_path / f"miniconda3.torchard-aside-2026110{day}-120000"
        files = {
            "bin/python": "",
            "lib/python3.12/os.py": "",
            "lib/python3.12/__pycache__/os.cpython-312.pyc": "",
            "conda-meta/python-3.12.1-h1_0.json": json.dumps(RECORD),
            "conda-meta/history": "",
            "pkgs/cache": "",
            "LICENSE.txt": "",
        }
        if half:
            files |= {
                "_conda": "",
                "install_tmp/x": "",
                "bin/conda": "",
                "lib/python3.12/site-packages/conda/api.py": "",
                "pkgs/conda-26.5.3-py312_0/info/paths.json": json.dumps(UNPACKED),
            }
        else:
            files |= {
                ".torchard.json": "{}",
                ".torchard-packages": "conda\tpython\t3.12.1\th1_0\t0\nend\n",
            }
        for name, text in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        (path / "envs").mkdir()
        (path / "envs/torch").symlink_to(root / "generations/torch-1")
        with (root / "asides").open("a", encoding="utf-8") as listed:
            listed.write(f"{path}\n")
        return path

    return make


@pytest.mark.parametrize("half", [False, True], ids=["replaced", "half"])
def test_the_newest_stay_as_the_lab_says(tmp_path, aside, half):
    """The list has only those that are left."""
    first, second = aside(1, half=half), aside(2, half=half)
    assert list(find_persons_own(first)) == []
    bound(str(tmp_path / ".torchard"), 1)
    assert (first.exists(), second.exists()) == (False, True)
    assert (tmp_path / ".torchard/asides").read_text(encoding="utf-8") == f"{second}\n"
    bound(str(tmp_path / ".torchard"), 0)
    assert not second.exists()


OWN = {
    "a file": "notes.txt",
    "a file among those of packages": "lib/python3.12/site-packages/mine.py",
    "a settings file": ".condarc",
    "an environment": "envs/mine/bin/python",
    "a hidden environment": "envs/.mine/bin/python",
    "a package of conda's": "conda-meta/rhash-1.4-h1_0.json",
    "an edited file": "lib/python3.12/os.py",
    "a wheel": "lib/python3.12/site-packages/einops-0.8.dist-info/METADATA",
}


@pytest.mark.parametrize("own", OWN)
def test_one_with_something_of_a_persons_stays(tmp_path, aside, own):
    """It does not count for the others: the next one that is Torchard's alone goes."""
    first, second, third = aside(1), aside(2), aside(3)
    file = first / OWN[own]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}", encoding="utf-8")
    bound(str(tmp_path / ".torchard"), 1)
    assert (file.exists(), second.exists(), third.exists()) == (True, False, True)


def test_a_link_of_a_persons_is_a_persons(aside):
    """Whether it is beside the environments or in their folder."""
    path = aside(1)
    (path / "envs/mine").symlink_to("/opt/mine")
    (path / "data").symlink_to("/opt/data")
    assert [one.rpartition("/")[2] for one in find_persons_own(path)] == ["mine", "data"]


def test_a_folder_that_cannot_be_read_is_a_persons(aside, monkeypatch):
    """Nobody knows what is in there."""
    path = aside(1)
    (path / "envs/.conda_envs_dir_test").touch()  # conda's own
    assert list(find_persons_own(path)) == []
    closed = path / "lib/python3.12"
    scandir = os.scandir

    def fail(folder):
        if str(folder) == str(closed):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", fail)
    assert list(find_persons_own(str(path))) == [str(closed)]


@pytest.mark.parametrize("closed", ["envs", "lib/python3.12/os.py"])
def test_what_cannot_be_read_is_a_persons(aside, monkeypatch, closed):
    """The folder of environments, or a file that may be edited."""
    path = aside(1)
    whole = str(path / closed)

    def fail(call):
        def failing(place, *more, **options):
            if str(place) == whole:
                raise PermissionError(13, "Permission denied", whole)
            return call(place, *more, **options)

        return failing

    monkeypatch.setattr(os, "listdir", fail(os.listdir))
    monkeypatch.setattr("builtins.open", fail(open))
    assert list(find_persons_own(str(path)))[:1] == [closed if "lib" in closed else whole]


def test_what_the_list_does_not_name_is_not_touched(tmp_path, aside):
    """A folder with such a name may be a person's, and so may a listed one with another name."""
    path = aside(1)
    listed = tmp_path / ".torchard/asides"
    other = tmp_path / "other"
    other.mkdir()
    listed.write_text(f"{other}\n", encoding="utf-8")
    bound(str(tmp_path / ".torchard"), 0)
    assert path.exists()
    assert other.exists()
    listed.unlink()
    bound(str(tmp_path / ".torchard"), 0)
    assert path.exists()

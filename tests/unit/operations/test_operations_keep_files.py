"""Before a generation is removed, what a person made in it goes to kept/, whatever happens."""

from __future__ import annotations

import json
import os
import shutil

import pytest
import yaml
from generation_tree import SITE, build, carry, conda, grow_old, look, tree, wheel, write

from torchard.operations.scripts import own_files, remove_generations

MINE = {"work/notebook.ipynb", "work/b/notes.txt", "bin/my-script", "conda-meta/state"}


@pytest.fixture
def root(tmp_path):
    """Torchard's folder on a Mac, with one generation."""
    build(tmp_path / "generations/torch-1")
    for part in ("kits", "depot/incoming"):
        (tmp_path / part).mkdir(parents=True)
    return tmp_path


def fill(path):
    for name in MINE:
        write(path, name, f"mine: {name}\n")
    return path


def kept(root, name="torch-1"):
    """Return the files in a folder of kept/ by their paths in the generation."""
    files = root / "kept" / name / "files"
    return {one: (files / one).read_text() for one in tree(files)}


def discard(root, name="torch-1"):
    remove_generations.discard(str(root), str(root / "generations" / name))


def test_what_a_person_made_is_kept_and_the_rest_is_gone(root):
    """Each file is in kept/ by its path, with a note of what it is."""
    fill(root / "generations/torch-1")
    discard(root)
    assert kept(root) == {name: f"mine: {name}\n" for name in MINE}
    about = json.loads((root / "kept/torch-1/about.json").read_text())
    assert (about["environment"], about["generation"], about["files"]) == ("torch", "torch-1", 4)
    assert about["bytes"] == sum(len(f"mine: {name}\n") for name in MINE)
    assert not (root / "kept/torch-1/environment.yml").exists()
    assert list((root / "generations").iterdir()) == []


def test_nothing_of_a_person_leaves_no_folder(root):
    """An environment that nobody touched is removed as a whole."""
    discard(root)
    assert not (root / "kept").exists()
    assert list((root / "generations").iterdir()) == []


def test_an_earlier_folder_is_not_touched(root):
    """The same generation may be built and removed again."""
    for number in ("", ".2", ".3"):
        if number:
            build(root / "generations/torch-1")
        fill(root / "generations/torch-1")
        discard(root)
        assert kept(root, f"torch-1{number}").keys() == MINE
    assert len(list((root / "kept").iterdir())) == 3


def test_what_the_next_generation_got_is_not_kept_as_well(root):
    """Only what stayed behind, and what was edited after it was copied."""
    old = fill(root / "generations/torch-1")
    new = build(root / "generations/torch-2")
    carry(root / "kit", old, new)
    write(old, "conda-meta/state", "edited later")
    (new / "work/notebook.ipynb").unlink()
    discard(root)
    assert kept(root).keys() == {"bin/my-script", "conda-meta/state"}


STEPS = ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync")


class StoppedError(BaseException):
    """The run is killed here."""


def stop_at(patch, number):
    """Let the run be killed at one of its changes; return a list that counts them."""
    done = []

    def counted(work):
        def change(*arguments, **options):
            done.append(work)
            if len(done) == number:
                raise StoppedError
            return work(*arguments, **options)

        return change

    for name in STEPS:
        patch.setattr(os, name, counted(getattr(os, name)))
    return done


def test_a_stop_at_any_change_loses_nothing_and_the_next_run_finishes(root, monkeypatch):
    """At every change on the disk: a file is where it was, or in kept/."""
    path = fill(root / "generations/torch-1")
    wheel(path, "cowpy", f"{SITE}/cowpy.py")
    fresh = shutil.copytree(root, root.parent / "fresh", symlinks=True)
    with monkeypatch.context() as patch:
        done = stop_at(patch, 0)
        discard(root)
    total = len(done)
    assert total > 40
    for number in range(1, total + 1):
        shutil.rmtree(root)
        shutil.copytree(fresh, root, symlinks=True)
        with monkeypatch.context() as patch:
            stop_at(patch, number)
            with pytest.raises(StoppedError):
                discard(root)
        texts = {one.read_text() for one in root.rglob("*") if one.is_file() and is_text(one)}
        assert {f"mine: {name}\n" for name in MINE} <= texts, number
        remove_generations.sweep_artefacts(str(root))
        if (root / "generations/torch-1").exists():
            discard(root)
        assert kept(root) == {name: f"mine: {name}\n" for name in MINE}, number
        assert (root / "kept/torch-1/environment.yml").exists()
        assert len(list((root / "kept").iterdir())) == 1
        assert list((root / "generations").iterdir()) == []


def is_text(path):
    return path.name != ".torchard-built"


def test_packages_of_a_person_are_an_environment_file(root):
    """It has what conda and pip need to install them again, and no login."""
    path = root / "generations/torch-1"
    conda(path, "zlib", "lib/libz.dylib", channel="https://me:pw@conda.example/t/tok/lab/osx-arm64")
    wheel(path, "cowpy", f"{SITE}/cowpy.py")
    wheel(path, "mine", dir_info={"editable": True}, url="file:///Users/ada/mine")
    wheel(path, "vcs", vcs_info={"vcs": "git", "commit_id": "abc"}, url="https://t@git.example/v")
    wheel(path, "file", archive_info={}, url="https://example/file.whl?token=1")
    discard(root)
    text = (root / "kept/torch-1/environment.yml").read_text()
    assert yaml.safe_load(text) == {
        "name": "torch",
        "channels": ["https://conda.example/lab"],
        "dependencies": [
            "zlib=1.0=h_0",
            "pip",
            {
                "pip": [
                    "cowpy==1.0",
                    "file @ https://example/file.whl",
                    "-e /Users/ada/mine",
                    "vcs @ git+https://git.example/v@abc",
                ]
            },
        ],
    }
    assert tree(root / "kept") == {"torch-1/about.json", "torch-1/environment.yml"}


def test_a_generation_that_cannot_be_read_is_kept_whole(root, monkeypatch):
    """So is one whose files cannot be moved one by one."""
    fill(root / "generations/torch-1")
    monkeypatch.setattr(own_files, "MOST", 5)
    discard(root)
    assert tree(root / "kept/torch-1/files") > MINE
    assert "more than 5 files" in (root / "kept/torch-1/about.json").read_text()
    assert list((root / "generations").iterdir()) == []


def test_nothing_is_removed_if_nothing_can_be_kept(root):
    """kept/ may be a link to another disk, or a file."""
    fill(root / "generations/torch-1")
    (root / "kept").write_text("not a folder")
    with pytest.raises(SystemExit, match="nothing of it was removed"):
        discard(root)
    left = root / "generations/.leaving-torch-1"
    assert tree(left) > MINE
    (root / "kept").unlink()
    (root / "kept").symlink_to(root / "depot")
    with pytest.raises(SystemExit, match="nothing of it was removed"):
        remove_generations.sweep_artefacts(str(root))
    (root / "kept").unlink()
    remove_generations.sweep_artefacts(str(root))
    assert kept(root).keys() == MINE


def test_a_half_generation_keeps_what_no_package_brought(root):
    """A build that was killed leaves files of packages without their records."""
    path = root / "generations/half-1"
    for name in ("lib/libz.dylib", f"{SITE}/noarch.py", "bin/noarch", f"{SITE}/einops/e.py"):
        write(path, name)
    write(path, "work/notebook.ipynb", "mine")
    conda(path, "python", "bin/python")
    rows = ["lib/libz.dylib", "site-packages/noarch.py", "python-scripts/noarch"]
    paths = json.dumps({"paths": [{"_path": one} for one in rows]})
    write(root, "pkgs/zlib-1.0-h_0/info/paths.json", paths)
    write(root, "pkgs/broken/info/paths.json", "[")
    write(root, "wheels/einops/e.py")
    (root / "kits/half-1/wheels").mkdir(parents=True)
    wheels = root / "kits/half-1/wheels/einops-1-py3-none-any"
    shutil.make_archive(str(wheels), "zip", root / "wheels")
    write(root, "kits/half-1/wheels/broken.whl", "not a zip")
    (root / "generations/.building-half-1").touch()
    assert look(path, half=True)["unsaved"]["names"] == ["work/"]
    remove_generations.drop(str(root), str(path))
    assert kept(root, "half-1") == {"work/notebook.ipynb": "mine"}
    assert not path.exists()


def test_copies_in_a_half_generation_are_not_kept(root):
    """What a killed build carried over is still in the active generation."""
    old, half = fill(root / "generations/torch-1"), build(root / "generations/torch-2")
    carry(root / "kit", old, half)
    (half / ".torchard.json").unlink()
    remove_generations.drop(str(root), str(half))
    assert not (root / "kept").exists()
    assert tree(old) >= MINE


def test_a_removed_environment_keeps_each_file_once(root):
    """The generation before has the same notebook as the active one."""
    old = fill(root / "generations/torch-1")
    new = build(root / "generations/torch-2")
    carry(root / "kit", old, new)
    grow_old(root / "kit")
    for name in ("torch-1", "torch-2"):
        discard(root, name)
    assert kept(root).keys() == {"bin/my-script"}
    assert kept(root, "torch-2").keys() == MINE - {"bin/my-script"}

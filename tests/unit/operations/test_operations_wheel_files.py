"""What a wheel installs is read from its archive, and what is installed is compared with it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from generation_tree import SITE, write

from simlab.package import metadata, record, write_wheel
from torchard.operations.scripts import install_wheels
from torchard.operations.scripts.wheel_files import (
    Row,
    describe_python,
    find_clashes,
    list_wheels,
    read_notes,
    read_wheel,
)

FILES = {
    "apple/__init__.py": b"one = 1\n",
    "apple/template.py": b"print {{ apple }}\n",
    "apple/_vendor/pear-1.0.dist-info/RECORD": b"pear.py,,\n",
    "apple/__pycache__/old.cpython-311.pyc": b"stale",
    "apple-1.0.data/purelib/apple/more.py": b"",
    "apple-1.0.data/scripts/peel": b"#!python\n",
    "apple-1.0.data/data/share/apple.txt": b"An apple a day.\n",
    "apple-1.0.dist-info/entry_points.txt": b"[console_scripts]\nApple = apple:main\n",
}


def make(folder: Path, name: str = "apple", **files: bytes):
    """Write a wheel and read it; keywords replace the files, with __ for a slash."""
    content = {key.replace("__", "/"): value for key, value in files.items()} or FILES
    folder.mkdir(parents=True, exist_ok=True)
    path = write_wheel(folder, f"{name}-1.0-py3-none-any.whl", content, metadata(name, "1.0"))
    return read_wheel(name * 8, str(path), SITE)


def test_each_file_has_its_place(tmp_path):
    """Modules, data and scripts go where pip puts them; only RECORD at the top is the wheel's."""
    wheel = make(tmp_path)
    info = f"{SITE}/apple-1.0.dist-info"
    assert set(wheel.wanted) == {
        f"{SITE}/apple/__init__.py",
        f"{SITE}/apple/template.py",
        f"{SITE}/apple/more.py",
        f"{SITE}/apple/_vendor/pear-1.0.dist-info/RECORD",
        f"{info}/entry_points.txt",
        f"{info}/METADATA",
        f"{info}/WHEEL",
        "share/apple.txt",
    }
    assert wheel.others == {
        *(f"{info}/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED")),
        "bin/peel",
        "bin/Apple",
        f"{SITE}/apple/__pycache__/old.cpython-311.pyc",
    }
    assert wheel.is_plain
    assert None not in wheel.wanted.values()


@pytest.mark.parametrize(
    "name",
    [
        "../outside.py",
        "apple-1.0.data/data/../../outside",
        "apple-1.0.data/data/conda-meta/history",
        "apple-1.0.data/data/.torchard.json",
        "apple-1.0.data/headers/apple.h",
        "apple-1.0.data/strange/file",
        "apple/./twice.py",
    ],
)
def test_a_wheel_with_a_file_that_goes_elsewhere_is_left_to_pip(tmp_path, name):
    """Also one with headers, which pip puts where only pip knows."""
    content = {**FILES, name: b""}
    path = write_wheel(tmp_path, "apple-1.0-py3-none-any.whl", content, metadata("apple", "1.0"))
    wheel = read_wheel("a", str(path), SITE)
    assert not wheel.is_plain
    assert all(one.startswith((SITE, "share/")) for one in wheel.wanted)


def test_a_broken_wheel_is_left_to_pip(tmp_path):
    """Only pip says what is wrong with it, or can read it."""
    files = {"apple-1.0.dist-info/entry_points.txt": b"\xff[[["}
    path = write_wheel(tmp_path, "apple-1.0-py3-none-any.whl", files, metadata("apple", "1.0"))
    assert not read_wheel("a", str(path), SITE).is_plain
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("pear-1.0.dist-info/RECORD", b"")
    with pytest.raises(ValueError, match="has 2 RECORDs"):
        read_wheel("a", str(path), SITE)


def test_paths_that_several_files_have_are_found(tmp_path):
    """APFS takes names in capitals as the same names."""
    one = make(tmp_path / "one", "one", tests__a=b"1", one__b=b"")
    other = make(tmp_path / "two", "two", Tests__A=b"2", two__b=b"")
    alone = make(tmp_path / "three", "three", c__d=b"", C__D=b"")
    assert find_clashes([one, other, alone]) == {
        f"{SITE}/tests/a": {one.sha256, other.sha256},
        f"{SITE}/c/d": {alone.sha256},
    }


class Build:
    """A kit with one wheel, and a generation in which pip has just installed it."""

    def __init__(self, folder: Path) -> None:
        self.kit, self.root = folder / "kits/torch-1", folder / "generations/torch-1"
        self.wheel = make(self.kit / "wheels")
        name = Path(self.wheel.archive).name
        write(self.kit, "artefacts", f"{self.wheel.sha256} wheels/{name}\n")
        write(self.kit, "requirements.txt", f"apple==1.0 --hash=sha256:{self.wheel.sha256}\n")
        with zipfile.ZipFile(self.wheel.archive) as archive:
            members = {path: archive.read(one) for path, one in self.wheel.members.items()}
        for path, content in {**members, "bin/peel": b"#!x\n", "bin/Apple": b"#!x\n"}.items():
            write(self.root, path, content)
        rows = [os.path.relpath(one, SITE) for one in self.wheel.list_paths() if ".pyc" not in one]
        for one in ("INSTALLER", "REQUESTED"):
            write(self.root, f"{SITE}/apple-1.0.dist-info/{one}", b"")
        own = "apple-1.0.dist-info/RECORD"
        write(self.root, f"{SITE}/{own}", "".join(f"{one},,\n" for one in rows))

    def install(self) -> int:
        """Do all of a build but what pip does; return the exit code."""
        return install_wheels.install(str(self.kit), str(self.root))

    def notes(self) -> dict[str, dict[str, Row]]:
        return read_notes(str(self.kit), describe_python(str(self.root)))


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build whose pip has done its work: tests/macs/test_scripts_wheels.py has a real one."""
    monkeypatch.setattr(install_wheels.Processes, "run_pip", lambda *_: None)
    return Build(tmp_path)


def test_what_pip_installed_is_compiled_and_noted(build):
    """Each file with its sha256, its mode and its time, and the byte code."""
    assert build.install() == 0
    (rows,) = build.notes().values()
    code = {one for one in rows if one.endswith(".pyc")}
    assert len(code) == 2  # not of the template
    assert rows.keys() - code == {*build.wheel.wanted, *build.wheel.others} - {
        f"{SITE}/apple/__pycache__/old.cpython-311.pyc"
    }
    assert {one: rows[one].sha256 for one in build.wheel.wanted} == build.wheel.wanted
    about = (build.root / SITE / "apple/__init__.py").stat()
    assert rows[f"{SITE}/apple/__init__.py"].time == about.st_mtime_ns


def test_a_file_that_is_not_as_its_archive_has_it_fails_the_build(build, capsys):
    """A disk may write other bytes than pip gave it, and say nothing."""
    write(build.root, "share/apple.txt", b"An apple a dax.\n")
    said = "apple-1.0.dist-info: share/apple.txt is not as its archive has it\n"
    assert build.install() == 1
    assert capsys.readouterr().err == said
    assert build.notes() == {}
    (build.root / "share/apple.txt").unlink()
    assert build.install() == 1
    said = capsys.readouterr().err
    assert said.startswith("apple-1.0.dist-info: ")
    assert "No such file or directory" in said


def test_an_archive_counts_more_than_its_record(build):
    """Some wheels were changed after their RECORD was written, and pip installs them."""
    path = Path(build.wheel.archive)
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    own = "apple-1.0.dist-info/RECORD"
    wrong = {**members, "apple/__init__.py": b"another"}
    del wrong[own]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, own: record(wrong, own)}.items():
            archive.writestr(name, content)
    assert build.install() == 0
    assert [sha256 for sha256, _ in list_wheels(str(build.kit))] == list(build.notes())

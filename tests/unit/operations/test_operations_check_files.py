"""The check of packages' files names what is missing, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from simlab.package import record
from torchard.operations import script_text

SITE = "lib/python3.12/site-packages"


class Tree:
    """An environment of files that a test writes, with the records that name them."""

    def __init__(self, root) -> None:
        self.root = root
        (root / SITE).mkdir(parents=True)
        (root / "lib/python3.1").symlink_to("python3.12")
        (root / "conda-meta").mkdir()

    def write(self, path: str, text: str = "text\n") -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def wheel(self, name: str, *paths: str, version: str = "1.0") -> None:
        """Install a wheel as pip does: RECORD has no hash of itself."""
        folder = f"{name}-{version}.dist-info"
        for path in (*paths, f"{folder}/METADATA"):
            self.write(os.path.normpath(f"{SITE}/{path}"))
        files = dict.fromkeys((*paths, f"{folder}/METADATA"), b"text\n")
        listed = record(files, f"{folder}/RECORD").decode()
        self.write(f"{SITE}/{folder}/RECORD", listed)

    def conda(self, name: str, *paths: str, **more) -> None:
        """Link a package of conda; `more` has further keys of a path in the record."""
        for path in paths:
            self.write(path)
        rows = [
            {"_path": path, "path_type": "hardlink", "size_in_bytes": 5, **more} for path in paths
        ]
        content = {"name": name, "files": list(paths), "paths_data": {"paths": rows}}
        self.write(f"conda-meta/{name}-1.0-h_0.json", json.dumps(content))

    def start(self, *words: object) -> subprocess.CompletedProcess[str]:
        text = script_text.read_script("check_files.py")
        python = [sys.executable, "-I", "-S", "-c", script_text.RUN_ARGUMENT, text]
        return subprocess.run(
            [*python, *map(str, words)], capture_output=True, text=True, timeout=60, check=False
        )

    def look(self) -> dict[str, str]:
        """Return the report on each damaged package."""
        done = self.start("look", 60, "torch", self.root)
        assert (done.returncode, done.stderr) == (0, "")
        told = json.loads(done.stdout)["torch"]
        assert told["more"] == 0
        return {one["name"]: one["said"] for one in told["damaged"]}

    def build(self) -> list[str]:
        """Check as a build does; return the messages, none without damage."""
        done = self.start("built", 60, self.root)
        assert done.stdout == ""
        assert (done.returncode == 3) == bool(done.stderr)
        return done.stderr.splitlines()


@pytest.fixture
def tree(tmp_path):
    """An environment with a wheel and a package of conda, both whole."""
    made = Tree(tmp_path / "torch")
    made.wheel("torch", "torch/__init__.py", "torch/_C.so", "../../../bin/torchrun")
    made.conda("zstd", "bin/zstd", "lib/libzstd.dylib", "etc/zstd.conf")
    return made


def test_a_whole_environment_has_no_damage(tree):
    """Packages with all their files are not reported."""
    assert tree.look() == {}
    assert tree.build() == []


def test_a_wheel_without_its_modules_is_damaged(tree):
    """As `rm -rf site-packages/torch` leaves it, or conda after removing its own torch."""
    for name in ("__init__.py", "_C.so"):
        (tree.root / SITE / "torch" / name).unlink()
    (tree.root / SITE / "torch").rmdir()
    said = {"torch": "2 of 4 files are gone, the first is torch/__init__.py"}
    # METADATA and the script are left, and RECORD itself is one of its own files.
    said = {"torch": said["torch"].replace("of 4", "of 5")}
    assert tree.look() == said
    assert tree.build() == [f"torch: {said['torch']}"]


def test_a_package_of_conda_that_lacks_a_file_is_damaged(tree):
    """Its path is the one in the environment."""
    (tree.root / "lib/libzstd.dylib").unlink()
    assert tree.look() == {"zstd": "1 of 3 files is gone: lib/libzstd.dylib"}


def test_another_size_is_damage_where_the_record_has_that_of_the_file(tree):
    """A truncated library is named; people may change scripts, and settings below etc/."""
    for path in (f"{SITE}/torch/_C.so", "lib/libzstd.dylib", "etc/zstd.conf", "bin/torchrun"):
        tree.write(path, "t")
    assert tree.look() == {
        "torch": "1 of 5 files has another size: torch/_C.so",
        "zstd": "1 of 3 files has another size: lib/libzstd.dylib",
    }


@pytest.mark.parametrize("more", [{"prefix_placeholder": "/opt/x"}, {"path_type": "softlink"}])
def test_a_size_that_is_not_the_installed_files_is_ignored(tree, more):
    """Conda replaced the prefix and signed the binary again on arm64, or it is a link."""
    tree.conda("python", "bin/python3.12", "lib/libpython.dylib", **more)
    tree.write("bin/python3.12", "another size")
    assert tree.look() == {}


def test_byte_code_may_be_missing(tree):
    """Python writes it and people remove it."""
    tree.conda("six", f"{SITE}/six.py", f"{SITE}/__pycache__/six.cpython-312.pyc")
    (tree.root / SITE / "__pycache__/six.cpython-312.pyc").unlink()
    assert tree.look() == {}


def test_a_record_that_is_gone_or_broken_is_damage(tree):
    """A package without a readable record never counts as whole."""
    tree.wheel("einops", "einops/__init__.py")
    (tree.root / SITE / "einops-1.0.dist-info/RECORD").unlink()
    tree.write(f"{SITE}/torch-1.0.dist-info/RECORD", f'"{"x" * 200000}\n')
    tree.write("conda-meta/zstd-1.0-h_0.json", '{"files": 1')
    assert tree.look() == {
        "einops": "its RECORD is gone",
        "torch": "its RECORD is broken",
        "zstd": "its record in conda-meta is broken",
    }


def test_a_file_of_several_packages_may_have_the_size_of_any(tree):
    """Many wheels carry a top-level tests/__init__.py; the last one wins."""
    tree.wheel("one", "one/__init__.py", "tests/__init__.py")
    tree.wheel("two", "two/__init__.py", "tests/__init__.py")
    folder = f"{SITE}/two-1.0.dist-info"
    tree.write(f"{SITE}/tests/__init__.py", "longer text\n")
    files = {"two/__init__.py": b"text\n", "tests/__init__.py": b"longer text\n"}
    tree.write(f"{folder}/RECORD", record(files, f"{folder.rpartition('/')[2]}/RECORD").decode())
    assert tree.look() == {}


def test_a_dist_info_of_conda_is_checked_by_condas_record(tree):
    """A package of conda is named once, as conda's."""
    info = f"{SITE}/numpy-2.0.dist-info"
    tree.conda("numpy", f"{SITE}/numpy/__init__.py", f"{info}/METADATA", f"{info}/RECORD")
    tree.write(f"{info}/RECORD", "numpy/__init__.py,,5\nnumpy/gone.py,,5\n")
    tree.conda("numpy", f"{SITE}/numpy/__init__.py", f"{info}/METADATA", f"{info}/RECORD")
    assert tree.look() == {}
    (tree.root / SITE / "numpy/__init__.py").unlink()
    assert list(tree.look()) == ["numpy"]


def test_no_link_is_followed_out_of_the_environment(tree, tmp_path):
    """A link that leads out of it does not count; a link inside it does."""
    elsewhere = tmp_path / "elsewhere"
    (tree.root / SITE / "torch").rename(elsewhere)
    (tree.root / SITE / "torch").symlink_to(elsewhere)
    assert tree.look() == {"torch": "2 of 5 files are gone, the first is torch/__init__.py"}
    (tree.root / SITE / "torch").unlink()
    elsewhere.rename(tree.root / "moved")
    (tree.root / SITE / "torch").symlink_to(tree.root / "moved")
    assert tree.look() == {}


def test_paths_outside_the_environment_are_not_read(tree):
    """A record cannot make the check read other folders."""
    lines = ["../../../../outside,,1", "/etc/passwd,,1", "../../..,,1", '"a\0b",,1', "x,y,z,,,,"]
    tree.write(f"{SITE}/torch-1.0.dist-info/RECORD", "".join(f"{line}\n" for line in lines))
    said = tree.look()
    assert set(said) == {"torch"}
    assert said["torch"] in {"1 of 1 file is gone: x", "its RECORD is broken"}  # by csv's version


def test_a_pipe_instead_of_a_record_is_not_waited_for(tree):
    """A pipe instead of a record is reported."""
    path = tree.root / SITE / "torch-1.0.dist-info/RECORD"
    path.unlink()
    os.mkfifo(path)
    assert tree.look() == {"torch": "its RECORD is not a file"}


def test_finders_files_beside_records_are_ignored(tree):
    """A volume without extended attributes has them everywhere."""
    tree.write("conda-meta/._zstd-1.0-h_0.json", "\0\5\26\7")
    tree.write("conda-meta/.DS_Store", "\0")
    tree.write(f"{SITE}/._torch-1.0.dist-info", "\0")
    assert tree.look() == {}


def test_a_name_with_escape_sequences_is_printed_as_text(tree):
    """A name from a record never reaches a screen unchanged."""
    tree.wheel("torch", "torch/a.py")
    folder = f"{SITE}/torch-1.0.dist-info"
    tree.write(f"{folder}/RECORD", "torch/\x1b[2J\u202e.py,,1\n")
    said = tree.look()["torch"]
    assert said == "1 of 1 file is gone: torch/\\x1b[2J\\u202e.py"


def test_only_the_first_packages_are_named(tree):
    """The answer stays short, however much is missing."""
    for number in range(30):
        tree.wheel(f"gone{number}", f"gone{number}/{'x' * 100}.py")
        (tree.root / SITE / f"gone{number}/{'x' * 100}.py").unlink()
    done = tree.start("look", 60, "torch", tree.root)
    told = json.loads(done.stdout)["torch"]
    assert (len(told["damaged"]), told["more"]) == (10, 20)
    assert tree.build()[-1] == "and 20 more packages"


def test_a_size_that_differs_after_the_build_is_correct(tree):
    """A post-link script may write into its package; later changes are damage."""
    tree.write("lib/libzstd.dylib", "written by a post-link script\n")
    assert tree.build() == []
    assert tree.look() == {}
    tree.write("lib/libzstd.dylib", "by somebody\n")
    assert tree.look() == {"zstd": "1 of 3 files has another size: lib/libzstd.dylib"}


def test_a_wheel_of_another_size_is_always_damage(tree):
    """Nothing writes into a wheel between pip and this check."""
    tree.write(f"{SITE}/torch/_C.so", "")
    assert tree.build() == ["torch: 1 of 5 files has another size: torch/_C.so"]


def test_a_build_writes_a_file_of_each_package_down(tree):
    """A file that exists as long as its package; the probe checks no other."""
    tree.wheel("jupyter", "jupyter-1.0.dist-info/licenses/LICENSE")
    tree.wheel("einops", "einops/experimental/__init__.py", "einops/__init__.py")
    assert tree.build() == []
    assert (tree.root / ".torchard-files").read_text(encoding="utf-8").splitlines() == [
        "conda\tzstd-1.0-h_0\tlib/libzstd.dylib",
        f"dist\teinops-1.0\t{SITE}/einops/__init__.py",
        f"dist\ttorch-1.0\t{SITE}/torch/__init__.py",
    ]


def test_a_disk_that_does_not_answer_ends_as_a_sentence(tree):
    """The time is limited, even if the disk never answers."""
    text = script_text.read_script("check_files.py").replace(
        "    if mode !=", "    signal.pause()\n    if mode !="
    )
    python = [sys.executable, "-I", "-S", "-c", script_text.RUN_ARGUMENT, text]
    done = subprocess.run(
        [*python, "look", "1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1  # not that of damage
    assert done.stderr == "checking its files did not end within 1 seconds\n"

"""Generations share the files of their wheels, and no altered file reaches a new one.

clonefile(2) is a simulation here (simlab/python/clones.py), pip is real.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from orchard import Orchard

from simlab import macs
from torchard.operations import script_text

SITE = "lib/python3.12/site-packages"
CODE = "apple/__pycache__/__init__"
FILES = {
    "apple/__init__.py": b"def main():\n    print('an apple')\n",
    "apple/template.py": b"print {{ apple }}\n",
    "apple/core.so": bytes(range(256)) * 40,
    "apple/_vendor/pear-1.0.dist-info/RECORD": b"pear.py,,\n",
    "apple-1.0.data/scripts/peel": b"#!python\nimport apple\napple.main()\n",
    "apple-1.0.data/scripts/press": b"\xcf\xfa\xed\xfe a program",
    "apple-1.0.data/data/share/apple/readme.txt": b"An apple a day.\n",
    "apple-1.0.dist-info/entry_points.txt": b"[console_scripts]\napple = apple:main\n",
}


# What a build does before pip.
SHARE = """
import sys
from torchard.operations.scripts.wheel_files import list_wheels, read_wheel
kit, path = sys.argv[1:]
site = describe_python(path).rpartition(" ")[2]
wheels = [read_wheel(*one, site) for one in list_wheels(kit)]
shared = share_all(kit, path, wheels)
print(f"{len(shared)} wheels are shared, {len(wheels) - len(shared)} are left to pip")
"""


@pytest.fixture(scope="module")
def orchard(tmp_path_factory, simlab_depot, plain_lock):
    """A Mac on which pip installed the wheel in one environment, and a second one has it too."""
    made = Orchard(tmp_path_factory.mktemp("sharing"), simlab_depot, plain_lock)
    made.apple = made.make("apple", FILES)
    made.first = made.build("first", made.apple)
    made.before = made.count_clones()
    made.second = made.build("second", made.apple)
    yield made
    made.mac.end()


def read_wheel_files(generation: Path) -> dict[str, bytes]:
    """Return the files of the wheel in a generation, which stands for its path in them."""
    own = ("apple", "peel", "press", "readme.txt")
    paths = [path for path in generation.rglob("*") if path.is_file() and not path.is_symlink()]
    found = {path.relative_to(generation).as_posix(): path for path in paths}
    return {
        name: path.read_bytes().replace(os.fsencode(generation), b"GENERATION")
        if path.suffix != ".pyc"  # it names where it was compiled, which no import depends on
        else path.read_bytes()
        for name, path in found.items()
        if any(part.startswith(own) for part in Path(name).parts)
    }


def without_hashes(record: bytes) -> list[bytes]:
    return [line.split(b",")[0] for line in record.splitlines()]


def test_a_second_environment_gets_clones_of_what_pip_installed(orchard):
    """All files are the same but for the path of the generation, and pip has nothing to do."""
    second, log = orchard.second, orchard.read_log(orchard.second)
    assert "1 wheels are shared, 0 are left to pip" in log
    assert "-m pip install" not in log
    mine, theirs = read_wheel_files(second), read_wheel_files(orchard.first)
    assert mine.keys() == theirs.keys()
    assert any(name.startswith(f"{SITE}/{CODE}") for name in mine)
    record = f"{SITE}/apple-1.0.dist-info/RECORD"
    assert without_hashes(mine.pop(record)) == without_hashes(theirs.pop(record))
    assert mine == theirs
    # RECORD, `apple` and `peel` name their generation; `press` does not.
    assert orchard.count_clones() - orchard.before == len(mine) - 2
    for name in mine:
        about, old = (os.lstat(root / name) for root in (second, orchard.first))
        assert about.st_nlink == 1
        assert stat.S_IMODE(about.st_mode) == stat.S_IMODE(old.st_mode)
        assert about.st_mtime_ns == old.st_mtime_ns


def test_pip_knows_what_was_shared(orchard):
    """It lists and checks it, its scripts run, and pip removes all of it again."""
    path = orchard.second
    done = orchard.mac.run(f"'{path}/bin/apple'")
    assert (done.stdout, done.stderr) == ("an apple\n", "")
    pip = f"'{path}/bin/python' -m pip --disable-pip-version-check"
    assert "apple" in orchard.mac.run(f"{pip} list").stdout
    done = orchard.mac.run(f"{pip} check")
    assert done.returncode == 0, done.stdout
    # pip compares a script with its RECORD nowhere; this does.
    check = (
        "import base64, hashlib, importlib.metadata as m\n"
        "for one in m.files('apple'):\n"
        "    content = one.locate().read_bytes()\n"
        "    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=')\n"
        "    assert not one.hash or (one.hash.value, one.size) == (digest.decode(), len(content))\n"
    )
    done = orchard.mac.run(f"'{path}/bin/python' -c \"{check}\"")
    assert done.returncode == 0, done.stderr
    assert orchard.mac.run(f"{pip} uninstall -y -q apple 2>&1").returncode == 0
    assert read_wheel_files(path) == {}


def spoil(path: Path, aside: Path) -> None:
    """Write a file that differs in one bit, with the same size, mode and times."""
    content = aside.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    path.chmod(aside.stat().st_mode)
    os.utime(path, ns=(aside.stat().st_atime_ns, aside.stat().st_mtime_ns))


ALTERED = {
    "a module": (f"{SITE}/apple/__init__.py", spoil),
    "a library": (f"{SITE}/apple/core.so", spoil),
    "byte code": (f"{SITE}/{CODE}*.pyc", spoil),
    "a script": ("bin/apple", spoil),
    "a program": ("bin/press", spoil),
    "data": ("share/apple/readme.txt", spoil),
    "its RECORD": (f"{SITE}/apple-1.0.dist-info/RECORD", spoil),
    "its METADATA": (f"{SITE}/apple-1.0.dist-info/METADATA", spoil),
    "a file that is gone": (f"{SITE}/apple/core.so", lambda *_: None),
    "a link": (f"{SITE}/apple/core.so", Path.symlink_to),
    "a folder": (f"{SITE}/apple/core.so", lambda path, _: path.mkdir()),
}


def list_sources(orchard) -> list[Path]:
    """Return the generations that have the wheel."""
    found = orchard.first.parent.iterdir()
    return [path for path in found if (path / SITE / "apple").is_dir()]


@pytest.fixture(scope="module")
def empty(orchard):
    """What runs the program that shares, for a generation that has only a python."""
    root = orchard.mac.torchard
    path, kit, its_kit = root / "generations/new", root / "kits/new", orchard.first.name
    (kit / "wheels").mkdir(parents=True)
    os.link(root / "depot" / orchard.apple.sha256, kit / "wheels" / orchard.apple.file)
    (kit / "artefacts").write_bytes((root / "kits" / its_kit / "artefacts").read_bytes())
    (kit / "share.py").write_text(script_text.read_program("share_wheels.py") + SHARE)
    for name in ("bin/python", "lib/python3.12"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (orchard.first / name).is_dir() else shutil.copy
        copy(orchard.first / name, path / name)
    shutil.rmtree(path / SITE)
    (path / SITE).mkdir()

    def share() -> tuple[str, list[str]]:
        """Return what it prints, and what it left of the wheel."""
        done = orchard.mac.run(f"'{path}/bin/python' -I -S '{kit}/share.py' '{kit}' '{path}'")
        assert (done.returncode, done.stderr) == (0, "")
        # Not even an empty folder: pip would take it as the wheel, installed.
        return done.stdout, sorted(one.name for one in path.rglob("*apple*"))

    yield share
    shutil.rmtree(path)
    shutil.rmtree(kit)


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_file_is_not_shared(orchard, empty, case):
    """Then nothing of its wheel is, and nothing of it is left behind."""
    name, alter = ALTERED[case]
    moved = []
    for source in list_sources(orchard):
        for path in source.glob(name):
            moved.append((path, path.with_name(f"{path.name}.aside")))
            path.rename(moved[-1][1])
            alter(*moved[-1])
    assert moved
    try:
        said, left = empty()
    finally:
        for path, aside in moved:
            if path.is_dir():
                path.rmdir()
            path.unlink(missing_ok=True)
            aside.rename(path)
    for path, _ in moved:
        source = "/".join(path.parts[1 : path.parts.index("generations") + 2])
        assert f"apple-1.0.dist-info differs in /{source}: " in said
    assert "0 wheels are shared, 1 are left to pip" in said
    assert left == []


def test_what_a_note_says_of_other_files_is_not_shared(orchard, empty):
    """Neither a file that the wheel does not have, nor one outside the generation."""
    kept = {path: path.read_bytes() for path in orchard.mac.torchard.glob("kits/*/wheel-files")}
    name = f"{SITE}/apple/core.so"
    try:
        for extra in (f"{SITE}/pear.py", "../../../outside", "conda-meta/history", "bin/conda"):
            for path, content in kept.items():
                notes = json.loads(gzip.decompress(content))
                for rows in notes["wheels"].values():
                    rows[extra] = rows.get(name)
                path.write_bytes(gzip.compress(json.dumps(notes).encode()))
            said, left = empty()
            assert f": {extra}\n" in said
            assert left == []
        for content in (b"", b"half", gzip.compress(b"[]"), gzip.compress(b'{"python": 1}')):
            for path in kept:
                path.write_bytes(content)
            said, left = empty()
            assert "0 wheels are shared, 1 are left to pip" in said
            assert left == []
    finally:
        for path, content in kept.items():
            path.write_bytes(content)


def test_on_a_volume_that_cannot_clone_pip_installs_all(orchard, empty):
    """SMB, NFS, exFAT and HFS+ cannot."""
    before = orchard.count_clones()
    macs.change(orchard.mac.root, hard_links=False)
    try:
        said, left = empty()
    finally:
        macs.change(orchard.mac.root, hard_links=True)
    assert "no file can be cloned here: Operation not supported" in said
    assert "0 wheels are shared, 1 are left to pip" in said
    assert orchard.count_clones() == before
    assert left == []


def test_a_clone_has_the_mode_and_time_of_the_build(orchard, empty):
    """A person may have changed those of the file, which are not its content."""
    names = (f"{SITE}/apple/__init__.py", "bin/apple")
    for path in (source / name for source in list_sources(orchard) for name in names):
        path.chmod(0o666)
        os.utime(path, (1, 1))
    said, _ = empty()
    assert "1 wheels are shared, 0 are left to pip" in said
    for name, mode in zip(names, (0o644, 0o755), strict=True):
        about = (orchard.mac.torchard / "generations/new" / name).stat()
        assert (stat.S_IMODE(about.st_mode), about.st_mtime > 1) == (mode, True)


def test_a_spoilt_generation_spoils_no_build(orchard):
    """A build installs from the verified archive what a person or a disk changed elsewhere."""
    for source in list_sources(orchard):
        for name in (f"{SITE}/apple/__init__.py", f"{SITE}/{CODE}*.pyc"):
            (path,) = source.glob(name)
            aside = path.rename(path.with_name("aside"))
            spoil(path, aside)
            aside.unlink()
    healed = orchard.build("healed", orchard.apple)
    assert (healed / SITE / "apple/__init__.py").read_bytes() == FILES["apple/__init__.py"]
    assert orchard.mac.run(f"'{healed}/bin/apple'").stdout == "an apple\n"


def test_one_run_repairs_what_was_killed_while_it_shared(orchard):
    """Nothing of what it had shared looks like a person's."""
    lock = orchard.lock("killed", orchard.apple)
    mac = orchard.mac
    tool = (mac.root / "bin" / "caffeinate").read_text()
    # After the third clone, in the middle of the wheel.
    (mac.root / "clones").unlink(missing_ok=True)
    mac.tool(
        "caffeinate",
        """shift
        case " $* " in *install_wheels*)
          "$@" & until [ "$(wc -l 2>/dev/null <"$HOME/../../../clones")" -ge 3 ]; do :; done
          read -r run <"$HOME/../lock/running"; kill -9 "-$run"; kill -9 0 ;;
        esac
        exec "$@\"""",
    )
    try:
        killed = mac.run(orchard.prepare(lock))
    finally:
        (mac.root / "bin" / "caffeinate").write_text(tool)
    assert killed.returncode == -9
    done = mac.run(orchard.prepare(lock))
    assert (done.returncode, done.stderr) == (0, "")
    assert mac.up_to_date(lock)
    assert not (mac.torchard / "kept").exists()

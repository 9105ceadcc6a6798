"""The last steps of a generation: its records, its stamp, and its activation by one rename."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from generation_root import Root

from torchard.operations import script_text


@pytest.fixture
def mac(tmp_path):
    """A Torchard directory with nothing in it."""
    return Root(tmp_path)


def test_a_reader_never_finds_the_link_missing(mac):
    """While the link alternates, a reader always finds one of the two generations."""
    paths = [mac.generation(f"torch-{n}", "torch", "2026") for n in (1, 2)]
    link = mac.envs / "torch"
    assert mac.run("activate", paths[0], link).returncode == 0
    bad: list[OSError] = []
    stop = threading.Event()

    def read():
        while not stop.is_set():
            try:
                (link / ".torchard.json").stat()
            except OSError as error:
                bad.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    code = (
        "import runpy, sys; g = runpy.run_path(sys.argv[1])\n"
        "for _ in range(250):\n    for p in sys.argv[3:]: g['activate'](p, sys.argv[2])"
    )
    done = subprocess.run([sys.executable, "-c", code, mac.program, link, *paths], check=False)
    stop.set()
    reader.join()
    assert done.returncode == 0
    assert bad == []
    assert link.readlink() == paths[1]
    assert {path.name for path in mac.envs.iterdir()} == {"torch"}


def test_a_temporary_link_of_a_killed_run_is_used_up(mac):
    """A temporary link of a killed run does not disturb the next run, and goes with it."""
    path = mac.generation("torch-1", "torch", "2026")
    (mac.envs / ".torch.torchard-partial").symlink_to("/nowhere")
    assert mac.run("activate", path, mac.envs / "torch").returncode == 0
    assert {one.name for one in mac.envs.iterdir()} == {"torch"}
    assert (mac.envs / "torch").readlink() == path


def test_a_real_directory_is_never_replaced(mac):
    """A directory that appears during the build is left alone, with a message."""
    path = mac.generation("torch-1", "torch", "2026")
    (mac.envs / "torch" / "mine").mkdir(parents=True)
    done = mac.run("activate", path, mac.envs / "torch")
    assert done.returncode == 1
    assert done.stderr == f"{mac.envs / 'torch'} is a real directory; it was left alone\n"
    assert (mac.envs / "torch" / "mine").is_dir()


def whole(path, verification: object = None):
    """Make a generation look whole and verified to a rollback."""
    stamp = path / ".torchard.json"
    at = stamp.stat().st_mtime
    content = json.loads(stamp.read_text(encoding="utf-8"))
    content["verification"] = {"python": "3.12.13"} if verification is None else verification
    stamp.write_text(json.dumps(content), encoding="utf-8")
    os.utime(stamp, (at, at))
    for part in ("conda-meta/history", "conda-meta/python-3.12.13-h0_0.json", "bin/python"):
        (path / part).parent.mkdir(exist_ok=True)
        (path / part).write_text("", encoding="utf-8")
    (path / "bin/python").chmod(0o755)
    return path


def test_the_generation_that_was_active_last_is_kept(mac):
    """After a rollback and an update, the generation that was active in between stays."""
    first, second = (whole(mac.generation(f"torch-{n}", "torch", "2026")) for n in (1, 2))
    mac.show(first)
    mac.show(second)
    before = [path.stat().st_mtime_ns for path in sorted(mac.root.rglob(".torchard.json"))]
    assert mac.run("reactivate", first, mac.envs / "torch").returncode == 0
    assert (mac.envs / "torch").readlink() == first
    after = [path.stat().st_mtime_ns for path in sorted(mac.root.rglob(".torchard.json"))]
    assert after == before
    third = mac.generation("torch-3", "torch", "2026")
    mac.show(third)
    mac.sweep(third)
    assert mac.there("generations") == {"torch-1", "torch-3"}


def restamp(one, **more: object):
    """Change a stamp, and keep its time."""
    stamp = one / ".torchard.json"
    at = stamp.stat().st_mtime_ns
    content = {**json.loads(stamp.read_text(encoding="utf-8")), **more}
    stamp.write_text(json.dumps(content), encoding="utf-8")
    os.utime(stamp, ns=(at, at))


SPOIL = {
    "emptied by conda": lambda one: (
        (one / "bin/python").unlink(),
        (one / "conda-meta/python-3.12.13-h0_0.json").unlink(),
    ),
    "damaged": lambda one: (one / "conda-meta/a.c~").write_text("", encoding="utf-8"),
    "moved": lambda one: restamp(one, path="/Users/old/.torchard/generations/torch-2"),
    "not verified": lambda one: (one / ".torchard-failed.json").write_text("{}", encoding="utf-8"),
    "never verified": lambda one: restamp(one, verification=None),
}


@pytest.mark.parametrize("spoilt", SPOIL)
def test_a_broken_generation_goes_first(mac, spoilt):
    """Of two inactive generations the whole one stays, even if the other was active later."""
    good, bad, now = (whole(mac.generation(f"torch-{n}", "torch", "2026")) for n in (1, 2, 3))
    for one in (good, bad, now):
        mac.show(one)
    SPOIL[spoilt](bad)
    mac.sweep(now)
    assert mac.there("generations") == {"torch-1", "torch-3"}


def test_a_generation_may_be_named_by_another_path(mac, tmp_path):
    """A generation that an older link names by another path of the home is active."""
    alias = tmp_path.parent / f"{tmp_path.name}-alias"
    alias.symlink_to(tmp_path)
    first, second, third = (whole(mac.generation(f"torch-{n}", "torch", "2026")) for n in (1, 2, 3))
    for one in (first, second, third):
        mac.show(one)
    (mac.envs / "by-alias").symlink_to(alias / first.relative_to(tmp_path))
    restamp(second, path=str(alias / second.relative_to(tmp_path)))
    mac.sweep(third)
    assert mac.there("generations") == {"torch-1", "torch-2", "torch-3"}
    assert mac.run("reactivate", second, mac.envs / "torch").returncode == 0
    assert mac.remove("by-alias", first).returncode == 0
    assert not (mac.envs / "by-alias").is_symlink()


def test_a_rebuild_replaces_the_generation_of_the_same_lock(mac):
    """After a rebuild, a rollback goes to the generation before both."""
    older, bad, again = (whole(mac.generation(f"torch-{n}", "torch", "2026")) for n in (1, 2, 3))
    for one, lock in ((older, "k"), (bad, "l"), (again, "l")):
        restamp(one, lock=lock)
        mac.show(one)
    done = mac.run("sweep", mac.root, mac.envs / "torch", again, "rebuilt")
    assert (done.returncode, done.stderr) == (0, "")
    assert mac.there("generations") == {"torch-1", "torch-3"}


@pytest.mark.parametrize("spoilt", ["history", "verification", "stamp", "python"])
def test_a_rollback_needs_a_whole_generation(mac, spoilt):
    """The Mac checks it just before the rename; the active generation stays."""
    first, second = (whole(mac.generation(f"torch-{n}", "torch", "2026")) for n in (1, 2))
    mac.show(second)
    if spoilt == "history":
        (first / "conda-meta/history").unlink()
    elif spoilt == "python":
        (first / "bin/python").unlink()
    elif spoilt == "stamp":
        (first / ".torchard.json").unlink()
    else:
        (first / ".torchard.json").write_text('{"verification": null}', encoding="utf-8")
    done = mac.run("reactivate", first, mac.envs / "torch")
    assert (done.returncode, done.stderr) == (
        1,
        f"{first} is not whole any more; it was not activated\n",
    )
    assert (mac.envs / "torch").readlink() == second


# What conda writes when it installs an explicit file.
HISTORY = """\
==> 2026-11-30 09:00:00 <==
# cmd: /Users/ada/miniconda3/bin/conda create -y -q --file explicit.txt
# conda version: 26.5.3
+file:///Users/ada/.torchard/kits/torch-1/torchard-depot/osx-arm64::a-1-0
# update specs: ['file:///Users/ada/.torchard/kits/torch-1/torchard-depot/osx-arm64::a==1=0']
"""


def records(mac, *names: str, frozen: str = "", **more: object):
    """Make an environment of some conda packages, and its kit; return both paths."""
    path = mac.root / "generations" / "torch-1"
    meta = path / "conda-meta"
    meta.mkdir(parents=True)
    for name in names:
        record = {"name": name, "version": "1", "url": "file:///kit", **more}
        (meta / f"{name}-1-0.json").write_text(json.dumps(record), encoding="utf-8")
    (meta / "history").write_text(HISTORY, encoding="utf-8")
    kit = mac.root / "kits" / "torch-1"
    kit.mkdir()
    package = {"version": "1", "url": "https://x/a", "channel": "https://x", "sha256": "0"}
    package["dist"] = "conda-forge/osx-arm64::a-1-0"
    content = {"packages": {"a": {**package, "size": 5}}, "specs": ["a"], "stamp": {"lock": "l"}}
    content.update({"frozen": frozen} if frozen else {})
    (kit / "kit.json").write_text(json.dumps(content), encoding="utf-8")
    (kit / "condarc").write_text("channels: [a]\n", encoding="utf-8")
    (kit / "pin_imports.py").write_text(script_text.read_script("pin_imports.py"), encoding="utf-8")
    (path / "lib/python3.12/site-packages").mkdir(parents=True)
    (path / "lib/python3.1").symlink_to("python3.12")
    return kit, path


def test_records_name_where_packages_really_came_from(mac):
    """The real address replaces the depot's, with the lab's specs and channels."""
    kit, path = records(mac, "a", requested_spec="file:///kit::a", depends=["b"])
    assert mac.run("records", kit, path).returncode == 0
    record = json.loads((path / "conda-meta" / "a-1-0.json").read_text(encoding="utf-8"))
    assert record == {
        "name": "a",
        "version": "1",
        "url": "https://x/a",
        "channel": "https://x",
        "sha256": "0",
        "size": 5,
        "depends": ["b"],
    }
    assert (path / "conda-meta" / "history").read_text(encoding="utf-8").splitlines() == [
        "==> 2026-11-30 09:00:00 <==",
        "# cmd: torchard",
        "# conda version: 26.5.3",
        "+conda-forge/osx-arm64::a-1-0",
        "# update specs: ['a']",
    ]
    assert (path / ".condarc").read_text(encoding="utf-8") == "channels: [a]\n"


def test_a_python_imports_from_its_own_generation(mac, tmp_path):
    """CPython keeps the link's name in sys.path; pin_imports.py resolves it at the start."""
    kit, path = records(mac, "a")
    assert mac.run("records", kit, path).returncode == 0
    packages = path / "lib/python3.12/site-packages"
    assert (packages / "_torchard_pin_imports.pth").read_text(
        encoding="utf-8"
    ) == "import _torchard_pin_imports\n"
    link = tmp_path / "link"
    link.symlink_to(sys.base_prefix)
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    told = "import json; print(json.dumps([sys.path, sys.modules['encodings'].__path__]))"
    program = "import sys; sys.path.append('/tmp/..'); exec(open(sys.argv[1]).read());" + told
    found = []
    for script in (packages / "_torchard_pin_imports.py", "/dev/null"):
        command = [link / "bin" / name, "-I", "-c", program, script]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        paths, encodings = json.loads(done.stdout)
        assert paths.pop() == "/tmp/.."  # noqa: S108  # what is not the link's own is left alone
        found.append({one for one in (*paths, *encodings) if one.startswith(f"{link}/")})
    assert found[0] == set()
    assert len(found[1]) > 2


@pytest.mark.parametrize("lib", ["missing", "a file", "without python"])
def test_records_do_not_need_a_python(mac, lib):
    """If nothing can import, the records step is silent and verification gives the reason."""
    kit, path = records(mac, "a")
    (path / "lib/python3.1").unlink()
    (path / "lib/python3.12/site-packages").rmdir()
    (path / "lib/python3.12").rmdir()
    if lib == "without python":
        (path / "lib/libz.dylib").write_text("", encoding="utf-8")
    else:
        (path / "lib").rmdir()
    if lib == "a file":
        (path / "lib").write_text("", encoding="utf-8")
    done = mac.run("records", kit, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (path / ".condarc").is_file()


def test_a_frozen_environment_says_whose_it_is(mac):
    """Conda reads a mark with a message if the lab freezes environments, else there is none."""
    kit, path = records(mac, "a", frozen="Ask the lab.")
    assert mac.run("records", kit, path).returncode == 0
    mark = path / "conda-meta/frozen"
    assert json.loads(mark.read_text(encoding="utf-8")) == {"message": "Ask the lab."}
    mark.unlink()
    (kit / "kit.json").write_text(
        (kit / "kit.json").read_text(encoding="utf-8").replace("frozen", "other"), encoding="utf-8"
    )
    assert mac.run("records", kit, path).returncode == 0
    assert not mark.exists()


def test_appledouble_files_are_removed_from_the_records(mac):
    """Conda reads every *.json there, and fails on one without JSON."""
    kit, path = records(mac, "a")
    litter = path / "conda-meta" / "._a-1-0.json"
    litter.write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X \xb0")
    done = mac.run("records", kit, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert not litter.exists()


@pytest.mark.parametrize(
    ("installed", "sentence"),
    [(("a", "b"), "conda-meta/b-1-0.json is not in the lock"), ((), "conda did not install a")],
)
def test_an_environment_that_differs_from_its_lock_is_reported(mac, installed, sentence):
    """A package too many or too few ends the build."""
    kit, path = records(mac, *installed)
    done = mac.run("records", kit, path)
    assert done.returncode == 1
    assert done.stderr == f"{sentence}\n"


def test_the_stamp_holds_the_verification(mac):
    """The result of verification is in the stamp, with the date and the path."""
    kit, path = records(mac, "a")
    (kit / "verification.json").write_text('{"python": "3.12.13"}', encoding="utf-8")
    assert mac.run("stamp", kit, path).returncode == 0
    stamp = json.loads((path / ".torchard.json").read_text(encoding="utf-8"))
    assert stamp.pop("date")
    assert stamp == {"lock": "l", "verification": {"python": "3.12.13"}, "path": str(path)}
    assert [one.name for one in path.iterdir() if "partial" in one.name] == []

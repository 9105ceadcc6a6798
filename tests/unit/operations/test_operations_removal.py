"""Files that no generation needs are removed; those in use, or of people, are not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from generation_root import Root

from simlab import macs
from torchard.operations.scripts import remove_generations


@pytest.fixture
def mac(tmp_path):
    """A Torchard directory with nothing in it."""
    return Root(tmp_path)


def test_the_active_and_the_previous_generation_are_kept(mac):
    """Older ones of this environment go; others', linked and unstamped ones stay."""
    mac.generation("torch-undated", "torch", None)
    for number in range(1, 5):
        mac.generation(f"torch-{number}", "torch", f"2026-01-0{number}")
    linked = mac.generation("torch-linked", "torch", "2025")
    (mac.envs / "for-a-friend").symlink_to(linked)
    mac.generation("other-1", "other", "2024")
    (mac.root / "generations" / "by-hand").mkdir()
    (mac.root / "generations" / "not-json").mkdir()
    (mac.root / "generations" / "not-json" / ".torchard.json").write_text("[", encoding="utf-8")
    mac.sweep(mac.root / "generations" / "torch-4")
    kept = {"torch-4", "torch-3", "torch-linked", "other-1", "by-hand", "not-json"}
    assert mac.there("generations") == kept


def four(mac):
    """Make four generations and return the newest, which is active."""
    paths = [mac.generation(f"torch-{n}", "torch", "2026") for n in range(1, 5)]
    mac.show(paths[-1])
    return paths[-1]


@contextmanager
def using(mac, use: str, generation):
    """Let a process of this account open a file of a generation, or work in its folder."""
    (generation / "lib").mkdir()
    (generation / "lib/x.py").write_text("", encoding="utf-8")
    open_it = f"exec 5<'{generation}/lib/x.py'" if use == "a file" else f"cd '{generation}/lib'"
    holder = subprocess.Popen(
        ["/bin/sh", "-c", f"{open_it}; echo; read -r line"],
        env=macs.environment(mac.tools),  # by which the Mac's lsof knows it for one of its own
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"\n"
    yield
    holder.communicate(b"\n")


@pytest.mark.parametrize("use", ["a file", "a directory"])
def test_a_generation_in_use_is_kept_until_it_is_not(mac, use):
    """A generation with an open file, or a process in its folder, stays; the others go."""
    shown = four(mac)
    with using(mac, use, mac.root / "generations/torch-1"):
        mac.sweep(shown)
        assert mac.there("generations") == {"torch-1", "torch-3", "torch-4"}
    mac.sweep(shown)
    assert mac.there("generations") == {"torch-3", "torch-4"}


# How a Mac's tools may fail to tell what is open; None takes one away.
UNKNOWN = pytest.mark.parametrize(
    ("tool", "script"),
    [
        ("lsof", "exit 1"),
        ("lsof", "printf 'p1\\nn/\\n'"),
        ("lsof", None),
        ("ps", "exit 1"),
    ],
    ids=["fails", "without-us", "missing", "no-ps"],
)


@UNKNOWN
def test_without_a_list_of_open_files_everything_is_kept(mac, tool, script):
    """A listing that fails, or that lacks the process that asks, is not an answer."""
    shown = four(mac)
    mac.tool(tool, script)
    mac.sweep(shown)
    assert mac.there("generations") == {f"torch-{n}" for n in range(1, 5)}


@pytest.mark.parametrize("place", ["{envs}/torch/bin/python", "{generations}/torch-1/bin/jupyter"])
def test_a_generation_that_another_account_runs_counts_as_in_use(mac, place):
    """No lsof lists it; only the command that started it is known."""
    shown = four(mac)
    place = place.format(envs=mac.envs, generations=mac.root / "generations")
    mac.tool("ps", f"printf '  0 /sbin/launchd\\n  4294967 {place} x.py\\n'")
    mac.sweep(shown)
    kept = {"torch-1", "torch-3", "torch-4"} | ({"torch-2"} if "/torch/" in place else set())
    assert mac.there("generations") == kept


@pytest.mark.parametrize("shared", ["", "yes"])
def test_a_python_of_another_account_may_be_of_any_shared_generation(mac, shared):
    """After `conda activate` its command has no path. Without sharing, it cannot be ours."""
    shown = four(mac)
    mac.environment["SHARED"] = shared
    mac.tool("ps", "printf '  0 /sbin/launchd\\n  4294967 python train.py\\n'")
    mac.sweep(shown)
    kept = {"torch-3", "torch-4"} | ({"torch-1", "torch-2"} if shared else set())
    assert mac.there("generations") == kept


def test_the_rest_of_a_stopped_removal_is_not_a_generation(mac):
    """A removal begins with a rename: the rest of a killed one is never active, and goes."""
    shown = four(mac)
    half = mac.root / "generations/.discarded-torch-0"
    half.mkdir()
    (half / ".torchard.json").write_text('{"environment": "torch"}', encoding="utf-8")
    mac.sweep(shown)
    assert mac.there("generations") == {"torch-3", "torch-4"}


def test_a_removal_that_was_stopped_twice_goes_on(mac):
    """The hidden name is the rest of the first stop; the second one replaces it."""
    half = mac.root / "generations/.discarded-torch-1/lib"
    half.mkdir(parents=True)
    mac.sweep(four(mac))
    assert mac.there("generations") == {"torch-3", "torch-4"}


# Without these, root is asked for permissions like everybody else.
AS_EVERYBODY = "-dac_override,-dac_read_search"


@pytest.mark.parametrize("mode", [0o555, 0o644, 0])
def test_closed_folders_are_removed_as_well(mac, mode):
    """Nothing of a person's is in there any more."""
    if os.geteuid() == 0 and shutil.which("setpriv"):
        words = (f"--bounding-set={AS_EVERYBODY}", f"--inh-caps={AS_EVERYBODY}")
        mac.before = (shutil.which("setpriv") or "", *words)
    shown = four(mac)
    half = mac.root / "generations/.discarded-torch-0"
    (half / "lib/python").mkdir(parents=True)
    (half / "lib/python/x.py").touch()
    (half / "lib/python").chmod(mode)
    (half / "lib").chmod(mode)
    mac.sweep(shown)
    assert mac.there("generations") == {"torch-3", "torch-4"}


def test_locked_files_are_removed_as_well(tmp_path, monkeypatch):
    """The Finder locks a file by a flag of macOS, and then nobody can remove it."""
    locked = tmp_path / "tree/locked"
    locked.parent.mkdir()
    locked.touch()
    flags = {str(locked): 2}
    lstat, unlink = os.lstat, os.unlink

    def look(path):
        found = lstat(path)
        return SimpleNamespace(st_mode=found.st_mode, st_flags=flags.get(str(path), 0))

    def remove(path):
        if flags.get(str(path)):
            raise PermissionError(1, "Operation not permitted", path)
        unlink(path)

    monkeypatch.setattr(remove_generations.os, "lstat", look)
    monkeypatch.setattr(remove_generations.os, "unlink", remove)
    monkeypatch.setattr(remove_generations.os, "lchflags", flags.__setitem__, raising=False)
    remove_generations.remove_tree(str(locked.parent))
    assert not locked.parent.exists()


def test_what_cannot_be_removed_does_not_end_the_sweep(tmp_path, monkeypatch, capsys):
    """The next one tries again, and the log says why."""

    def fail(path):
        raise OSError(5, "Input/output error", path)

    monkeypatch.setattr(remove_generations, "remove_files", fail)
    remove_generations.remove_tree(str(tmp_path))
    assert capsys.readouterr().out.startswith(f"{tmp_path} cannot be removed: ")


@pytest.mark.parametrize("kind", ["a link", "a file"])
def test_a_link_is_never_the_rest_of_a_removal(mac, kind, tmp_path):
    """A generation is a directory: a link of such a name stays, and so does its target."""
    (tmp_path / "mine/thesis").mkdir(parents=True)
    odd = mac.root / "generations/.discarded-mine"
    if kind == "a link":
        odd.symlink_to(tmp_path / "mine")
    else:
        odd.write_text("mine", encoding="utf-8")
    mac.sweep(four(mac))
    assert mac.there("generations") == {".discarded-mine", "torch-3", "torch-4"}
    assert (tmp_path / "mine/thesis").is_dir()


def test_a_rollback_keeps_the_newer_generation(mac):
    """If an older generation is active again, the newest of the others is the previous one."""
    for number in range(1, 4):
        mac.generation(f"torch-{number}", "torch", f"2026-01-0{number}")
    mac.sweep(mac.root / "generations" / "torch-1")
    assert mac.there("generations") == {"torch-1", "torch-3"}


def test_artefacts_of_kept_generations_and_young_ones_stay(mac):
    """The depot keeps artefacts of kept generations, and uploads of another run."""
    shown = mac.generation("torch-2", "torch", "2026-02", "a", "b")
    mac.generation("other-1", "other", "2026-01", "c")
    mac.kit("gone-1", "d")
    for name in ("a", "b", "c", "d", "e", "incoming/f", "incoming/a"):
        mac.file(f"depot/{name}")
    (mac.root / "depot" / "folder").mkdir()
    mac.grow_old()
    mac.file("depot/young")
    mac.file("depot/incoming/young")
    mac.kit("young-1", "g")
    mac.sweep(shown)
    assert mac.there("depot") == {"a", "b", "c", "folder", "incoming", "young"}
    assert mac.there("depot/incoming") == {"young"}
    assert mac.there("kits") == {"torch-2", "other-1", "young-1"}


def test_an_environment_is_removed_with_its_generations_and_what_only_they_need(mac):
    """Others stay, whatever their names, and so does a folder that only looks like one."""
    shown = mac.generation("old-1", "old", "x", "a")
    mac.generation("old-2", "old", "x", "b")
    other = mac.generation("old-env-1", "old-env", "x", "c")
    (mac.envs / "old").symlink_to(shown)
    (mac.envs / "old-env").symlink_to(other)
    for one in "abc":
        mac.file(f"depot/{one}")
    (mac.root / "generations" / "mine").symlink_to(other)
    mac.grow_old()
    done = mac.remove("old", shown)
    assert (done.returncode, done.stderr) == (0, "")
    assert mac.there("generations") == {"old-env-1", "mine"}
    assert mac.there("depot") == {"c", "incoming"}
    assert {path.name for path in mac.envs.iterdir()} == {"old-env"}


@pytest.mark.parametrize("kind", ["a directory", "a file", "a link elsewhere"])
def test_a_file_in_place_of_the_link_is_left_alone(mac, kind):
    """A person put it there later; our generations go, as no link leads to them."""
    path, place = mac.generation("old-1", "old", "x"), mac.envs / "old"
    if kind == "a directory":
        (place / "mine").mkdir(parents=True)
    elif kind == "a file":
        place.write_text("mine", encoding="utf-8")
    else:
        place.symlink_to("/opt/mine")
    before = os.lstat(place)
    assert mac.remove("old", path).returncode == 0
    after = os.lstat(place)
    # Looking at it is not touching it: the time of that may be another.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert mac.there("generations") == set()


def test_a_link_that_now_leads_to_another_generation_is_left_alone(mac):
    """So is everything else, as the plan expected another target."""
    planned, now = mac.generation("old-1", "old", "x"), mac.generation("old-2", "old", "x")
    (mac.envs / "old").symlink_to(now)
    done = mac.remove("old", planned)
    assert done.returncode == 1
    assert done.stderr == f"{mac.envs / 'old'} now leads to {now}; it was left alone\n"
    assert mac.there("generations") == {"old-1", "old-2"}


def test_a_generation_that_another_link_leads_to_stays(mac):
    """Only the link of its own name goes."""
    path = mac.generation("old-1", "old", "x")
    for name in ("old", "mine"):
        (mac.envs / name).symlink_to(path)
    assert mac.remove("old", path).returncode == 0
    assert {path.name for path in mac.envs.iterdir()} == {"mine"}
    assert mac.there("generations") == {"old-1"}


def test_the_next_run_removes_the_rest_of_a_stopped_removal(mac):
    """Also without Miniconda's folder of environments, and by another environment's sweep."""
    (mac.root / "generations/.discarded-old-1/lib").mkdir(parents=True)
    path = mac.generation("old-1", "old", "x")
    mac.envs.rmdir()
    assert mac.remove("old", path).returncode == 0
    assert mac.there("generations") == set()
    (mac.root / "generations/.discarded-old-2").mkdir()
    mac.envs.mkdir()
    mac.sweep(mac.generation("torch-1", "torch", "x"))
    assert mac.there("generations") == {"torch-1"}


@pytest.mark.parametrize("active", [None, "old-2"], ids=["a first build", "a rollback"])
def test_an_activation_that_was_stopped_does_not_keep_its_generation(mac, active):
    """The link that it left beside the environment's own goes first."""
    path = mac.generation("old-1", "old", "x")
    (mac.envs / ".old.torchard-partial").symlink_to(path)
    if active:
        path = mac.generation(active, "old", "x")
        (mac.envs / "old").symlink_to(path)
    assert mac.remove("old", path).returncode == 0
    assert mac.there("generations") == set()
    assert list(mac.envs.iterdir()) == []


def two_of_old(mac):
    """Make two generations of an environment, and return them: the second is active."""
    before, shown = (mac.generation(f"old-{n}", "old", "x") for n in (1, 2))
    (mac.envs / "old").symlink_to(shown)
    return before, shown


def left_alone(mac, shown, why: str) -> None:
    """Check that a removal ended with a message and changed nothing."""
    done = mac.remove("old", shown)
    assert done.returncode == 1
    assert done.stderr == f"{why}; it was left alone, run it again later\n"
    assert (mac.envs / "old").readlink() == shown
    assert mac.there("generations") == {"old-1", "old-2"}


@pytest.mark.parametrize("use", ["a file", "a directory"])
@pytest.mark.parametrize("which", [0, 1], ids=["before", "shown"])
def test_an_environment_in_use_is_not_removed_until_it_is_not(mac, use, which):
    """Neither the active nor the previous generation may be in use; the link stays till then."""
    both = two_of_old(mac)
    with using(mac, use, both[which]):
        left_alone(mac, both[1], f"{both[which]} is in use")
    assert mac.remove("old", both[1]).returncode == 0
    assert mac.there("generations") == set()


def test_an_environment_that_another_account_runs_is_not_removed(mac):
    """Its processes were started by the link's name, so any generation may be in use."""
    _, shown = two_of_old(mac)
    mac.tool("ps", f"printf '  4294967 {mac.envs}/old/bin/python x.py\\n'")
    left_alone(mac, shown, f"{shown} is in use")


@UNKNOWN
def test_a_generation_that_may_be_in_use_is_not_removed(mac, tool, script):
    """A Mac that cannot list open files keeps the environment, and says why."""
    shown = mac.generation("old-1", "old", "x")
    (mac.envs / "old").symlink_to(shown)
    mac.tool(tool, script)
    done = mac.remove("old", shown)
    assert done.returncode == 1
    why = "may be in use; it was left alone, run it again later"
    assert done.stderr == f"{shown} {why}\n"
    assert (mac.envs / "old").readlink() == shown
    assert mac.there("generations") == {"old-1"}


@UNKNOWN
def test_a_missing_generation_is_not_in_use(mac, tool, script):
    """A link that leads nowhere is removed, even without a list of open files."""
    gone = mac.root / "generations/old-1"
    (mac.envs / "old").symlink_to(gone)
    mac.tool(tool, script)
    assert mac.remove("old", gone).returncode == 0
    assert not (mac.envs / "old").is_symlink()


def test_files_that_macos_adds_are_ignored(mac):
    """AppleDouble files and the Finder's own do not count as generations, kits or artefacts."""
    for number in range(1, 4):
        mac.generation(f"torch-{number}", "torch", "2026", str(number))
        mac.file(f"depot/{number}")
    for name in (
        "generations/._torch-3", "generations/.DS_Store", "kits/._torch-3", "kits/.DS_Store",
        "depot/._3", "depot/incoming/._x",
    ):  # fmt: skip
        mac.file(name)
    (mac.envs / "._torch").write_text("")
    mac.grow_old()
    newest = mac.root / "generations" / "torch-3"
    mac.show(newest)
    mac.sweep(newest)
    assert mac.there("generations") == {"torch-2", "torch-3", "._torch-3", ".DS_Store"}
    assert mac.there("depot") == {"2", "3", "._3", "incoming"}
    assert mac.remove("torch", newest).returncode == 0
    assert mac.there("generations") == {"._torch-3", ".DS_Store"}


def test_a_file_that_goes_with_another_does_not_stop_a_removal(mac, monkeypatch):
    """An AppleDouble file goes together with its file."""
    spec = importlib.util.spec_from_file_location("removing", mac.removing)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    path = mac.generation("torch-1", "torch", "2026")
    for name in ("a/x", "a/._x", "._a", "b/y"):
        mac.file(f"generations/torch-1/{name}")
    (path / "link").symlink_to(path / "a")
    unlink, rmdir = os.unlink, os.rmdir

    def beside(how, path):
        how(path)
        folder, name = os.path.split(path)
        if Path(folder, f"._{name}").exists():
            unlink(f"{folder}/._{name}")

    monkeypatch.setattr(os, "unlink", lambda path: beside(unlink, path))
    monkeypatch.setattr(os, "rmdir", lambda path: beside(rmdir, path))
    program.remove_tree(str(path))
    assert not path.exists()

"""Lines that only some plans have: a person's files, removed environments, a run at work."""

from __future__ import annotations

from dataclasses import replace

from locked import mac

from torchard.catalog.catalog import load_catalog
from torchard.mac.state import KeptFolders, OwnFiles, RunLock
from torchard.plan.diff import PackageChange
from torchard.plan.drift import EnvironmentStatus
from torchard.plan.file_changes import FileChange
from torchard.plan.plan import MacPlan, Plan
from torchard.plan.steps import Step
from torchard.plan.unneeded import KeptGeneration
from torchard.render.changes import done_line, row, step_lines
from torchard.render.explain import _fixed, _run_lock
from torchard.render.locks import lock_change_lines
from torchard.render.status import status_lines

STEP = Step("environment", "update", "torch", "another lock", "/generations/torch-1")


def plain(lines):
    """Return lines as one text."""
    return "\n".join(line.plain for line in lines)


def test_a_lock_says_which_packages_moved():
    """A new one has counts. A lock in which no package moved says that."""
    moved = (PackageChange("update", "torch", "2.14.1", "2.15.0", "wheel"),)
    assert plain(lock_change_lines(moved, ())) == "      ~ torch   2.14.1 -> 2.15.0   wheel"
    assert plain(lock_change_lines((), (), (30, 3 * 10**6))) == "      new: 30 packages, 3 MB"
    assert plain(lock_change_lines((), ())) == "      no package moved, only what the lab asks for"


def test_a_step_names_a_persons_files():
    """Those that the next generation gets, those that stay, and those that go to kept/."""
    step = replace(
        STEP,
        place="~/.torchard/generations/torch-2",
        carried=OwnFiles(2, 2000, ("conda-meta/pinned", "work/")),
        left=OwnFiles(1, 30, ("bin/mine",)),
        moved=(
            KeptGeneration("torch-1", OwnFiles(12, 5 * 10**6, tuple("abcdefghij")), ("cowpy 1",)),
            KeptGeneration("torch-0", error="it has more than 5 files"),
        ),
    )
    said = plain(step_lines(step))
    assert "carried over, made by a person: 2 files, 2 kB: conda-meta/pinned, work/\n" in said
    assert "stays in the generation before: 1 file, 30 bytes: bin/mine\n" in said
    assert "to ~/.torchard/kept from torch-1: 12 files, 5 MB: a, b, c, d, e, f, g, h," in said
    assert "h, i, j, …; packages cowpy 1\n" in said
    assert "from torch-0: all of it, because it has more than 5 files" in said
    closed = plain(step_lines(replace(STEP, uninspected="it is closed")))
    assert "a person's files could not be inspected: it is closed" in closed
    assert "person" not in plain(step_lines(STEP))


def test_a_removed_environment_is_a_line_of_a_result():
    """It ends with what was done."""
    step = replace(STEP, action="remove", place="~/miniconda3/envs/torch")
    assert plain(done_line(step, 12)).endswith("removed")


def test_leftovers_are_a_line_of_a_result():
    """It ends with what was done."""
    step = Step("prune", "remove", None, "left", "/Users/ann/.torchard", "~/.torchard")
    assert plain(done_line(step, 12)).endswith("finished or removed")


def test_a_written_shell_file_is_a_line_of_a_result():
    """It ends with what was done."""
    shell = Step("shell", "create", None, "no block", "/Users/ann/.zshrc", "~/.zshrc")
    assert plain(done_line(shell, 12)).endswith("written")


def test_a_shell_and_an_edited_file_are_lines_of_a_status():
    """The file as a diff, and the shell last, with its path."""
    shell = Step("shell", "create", None, "no block", "/Users/ann/.zshrc", "~/.zshrc")
    edited = FileChange("~/miniconda3/envs/torch/.condarc", "a: 1\n", "a: 2\n")
    own = OwnFiles(1, 7, ("work/",))
    status = EnvironmentStatus(
        "torch", "lab", "modified", files=(edited,), verification="fine", own=own
    )
    plan = Plan((MacPlan("studio-01", "change", steps=(shell,)),))
    kept = {"studio-01": KeptFolders("~/.torchard/kept", 2, 3, 4000)}
    lines = plain(status_lines(plan, {"studio-01": (status,)}, kept=kept))
    assert "made by a person: 1 file, 7 bytes: work/\n" in lines
    assert "3 files, 4 kB from 2 generations, in ~/.torchard/kept" in lines
    assert "-a: 1" in lines
    assert "~/.zshrc" in lines


def test_a_name_that_is_too_long_for_its_line_leaves_the_rest_to_the_next():
    """No part of a line meets the next one."""
    first, second = row("+", "n" * 70, "added", "10 kB")
    assert first.plain.endswith("n added")
    assert second.plain.split() == ["10", "kB"]


def test_an_advisory_without_a_fixed_release_says_so():
    """The others name the release."""
    known = load_catalog().advisories[0]
    assert _fixed(known) == f"fixed in {known.fixed}"
    assert _fixed(replace(known, fixed=None)) == "its record names no fixed release"


def test_a_run_lock_is_explained():
    """The lock may be free, held by this or another Mac, idle, or left by a dead run."""
    state = replace(mac(), clock=1000)
    lock = RunLock("12-ab", "ann@desk", 400)
    changes = {"elsewhere": "other"}, {"processes": (41,)}, {"until": 1300}, {}
    locks = [None, *(replace(lock, **one) for one in changes)]
    said = [_run_lock(replace(state, lock=one)) for one in locks]
    assert len(set(said)) == 5
    assert said[3].endswith("for 10 min 0 s; the lock ends in 5 min 0 s")
    assert all("ann@desk" in one for one in said[1:])
    assert "other" in said[1]

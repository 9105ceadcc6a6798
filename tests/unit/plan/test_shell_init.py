"""Which shells start the lab's Miniconda, and what Torchard writes for that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, PREFIX, lock, mac, package, shown

from torchard.lab.model import MacHost
from torchard.mac.probe import BLOCK_BEGIN, BLOCK_END
from torchard.mac.state import ShellFile
from torchard.plan.file_changes import FileChange
from torchard.plan.plan import plan_mac
from torchard.plan.shell_init import find_shell_blockers, plan_shell, render_block
from torchard.plan.target import Target

LOCK = lock([package("python", "3.12.13")])


def by_conda(prefix):
    """Return the beginning of the block that `conda init zsh` writes for a prefix."""
    hook = f"__x=\"$('{prefix}/bin/conda' 'shell.zsh' 'hook' 2> /dev/null)\""
    return f"{BLOCK_BEGIN}\n{hook}\n{BLOCK_END}"


def with_zshrc(state="file", block=None, path=f"{HOME}/.zshrc", **changes):
    """Return a Mac that is up to date and has a .zshrc."""
    files = {".zshrc": ShellFile(path, state, block)}
    return replace(shown(LOCK), shell_files=files, **changes)


def plan(state, *shells):
    """Return the plan of a Mac whose lab names these shells."""
    return plan_mac(Target(MacHost("studio-01", shells=shells), state, locks={"torch": LOCK}))


def test_a_lab_that_names_no_shell_leaves_every_file_alone():
    """Whatever block is in it, and even if Torchard could not change it."""
    for state in (with_zshrc(), with_zshrc(block=by_conda("/opt/conda")), with_zshrc("odd")):
        assert plan(state).state == "up_to_date"


def test_a_shell_that_does_not_start_conda_is_a_step():
    """The step has the new block, and the file's path with `~`."""
    (step,) = plan(with_zshrc(), "zsh").steps
    assert (step.kind, step.action, step.place) == ("shell", "create", "~/.zshrc")
    assert step.path == f"{HOME}/.zshrc"
    assert step.files == (FileChange("~/.zshrc", None, render_block("zsh", PREFIX)),)
    both = plan(with_zshrc(), "zsh", "bash").steps
    assert [one.place for one in both] == ["~/.zshrc", "~/.bash_profile"]


def test_a_new_mac_gets_its_miniconda_and_its_environments_first():
    """A shell can only start a conda that exists."""
    state = mac(prefix_state="absent")
    target = Target(MacHost("studio-01", shells=("zsh",)), state, locks={"torch": LOCK})
    assert [step.kind for step in plan_mac(target).steps] == ["environment", "shell"]


@pytest.mark.parametrize("shell", ["zsh", "bash"])
def test_a_file_that_torchard_wrote_is_up_to_date(shell):
    """A second plan has no steps."""
    name = {"zsh": ".zshrc", "bash": ".bash_profile"}[shell]
    there = ShellFile(f"{HOME}/{name}", "file", render_block(shell, PREFIX))
    assert plan(replace(shown(LOCK), shell_files={name: there}), shell).state == "up_to_date"


def test_a_block_of_conda_init_for_this_prefix_is_up_to_date():
    """Otherwise the two would replace each other forever. A comment starts nothing."""
    theirs = by_conda(PREFIX)
    assert plan(with_zshrc(block=theirs), "zsh").state == "up_to_date"
    assert plan(with_zshrc(block=theirs.replace("__x", "#__x")), "zsh").state == "change"


@pytest.mark.parametrize(
    "theirs", [by_conda("/opt/conda"), by_conda(f"{PREFIX}-old"), render_block("bash", PREFIX)]
)
def test_the_plan_shows_the_block_of_another_conda_before_replacing_it(theirs):
    """`conda init` of this prefix would replace it too."""
    (step,) = plan(with_zshrc(block=theirs), "zsh").steps
    assert (step.action, step.files[0].before) == ("update", theirs)
    assert step.reason == "~/.zshrc does not start the conda at ~/miniconda3"


def test_torchard_changes_the_file_behind_a_link():
    """The step names the link, its diff the file that changes."""
    (step,) = plan(with_zshrc(path=f"{HOME}/dotfiles/zshrc"), "zsh").steps
    assert (step.place, step.path) == ("~/.zshrc", f"{HOME}/dotfiles/zshrc")
    assert step.files[0].path == "~/dotfiles/zshrc"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("tangled", "has several blocks of conda, or one without its end"),
        ("closed", f"ann may not write to {HOME}/.zshrc"),
        ("outside", f"is a link to {HOME}/.zshrc, outside the home"),
        ("odd", "is not a file, or a link to nothing"),
    ],
)
def test_a_file_that_cannot_be_changed_blocks_the_mac(state, words):
    """With what to do, and only if the file would change."""
    planned = plan(with_zshrc(state), "zsh")
    assert planned.state == "blocked"
    assert words in planned.reason
    assert planned.reason.endswith("leave zsh out of `shell`")
    assert plan(with_zshrc(state, by_conda(PREFIX)), "zsh").state == "up_to_date"


def test_a_new_bash_profile_would_hide_another_profile():
    """If .bash_profile exists already, it hides the other one anyway."""
    state = replace(shown(LOCK), bash_reads=".profile")
    (reason,) = find_shell_blockers(["zsh", "bash"], state)
    assert "bash reads ~/.profile, but would ignore it" in reason
    assert "echo '. ~/.profile' >~/.bash_profile" in reason
    there = {".bash_profile": ShellFile(f"{HOME}/.bash_profile", "file")}
    assert not list(find_shell_blockers(["bash"], replace(state, shell_files=there)))


def test_a_prefix_is_quoted():
    """The path of a home may contain a quote."""
    written = render_block("zsh", "/Users/o'neil/miniconda3")
    assert "$('/Users/o'\\''neil/miniconda3/bin/conda' 'shell.zsh' 'hook'" in written
    assert plan_shell("zsh", with_zshrc(block=written, prefix="/Users/o'neil/miniconda3")) is None

"""Which shells start the Miniconda of the lab, what would be written, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import HOME, PREFIX, lock, mac, package, shown

from torchard.lab.model import MacHost
from torchard.mac.probe import BLOCK_BEGIN, BLOCK_END
from torchard.mac.state import ShellFile
from torchard.plan.plan import Target, plan_mac
from torchard.plan.shell_init import find_shell_blockers, plan_shell, render_block
from torchard.plan.steps import FileChange

LOCK = lock([package("python", "3.12.13")])


def by_conda(prefix):
    """A block as far as `conda init zsh` writes it for a prefix."""
    hook = f"__x=\"$('{prefix}/bin/conda' 'shell.zsh' 'hook' 2> /dev/null)\""
    return f"{BLOCK_BEGIN}\n{hook}\n{BLOCK_END}"


def with_zshrc(state="file", block=None, path=f"{HOME}/.zshrc", **changes):
    """A Mac that shows what the lock says, and has a .zshrc."""
    files = {".zshrc": ShellFile(path, state, block)}
    return replace(shown(LOCK), shell_files=files, **changes)


def plan(state, *shells):
    """The plan of a Mac whose lab names these shells."""
    return plan_mac(Target(MacHost("studio-01", shells=shells), state, locks={"torch": LOCK}))


def test_a_lab_that_names_no_shell_leaves_every_file_alone():
    """Whatever block stands in it, and whatever would be in the way."""
    for state in (with_zshrc(), with_zshrc(block=by_conda("/opt/conda")), with_zshrc("odd")):
        assert plan(state).state == "up_to_date"


def test_a_shell_that_does_not_start_conda_is_a_step():
    """The block is what comes, in the file as a person writes it."""
    (step,) = plan(with_zshrc(), "zsh").steps
    assert (step.kind, step.action, step.place) == ("shell", "create", "~/.zshrc")
    assert step.path == f"{HOME}/.zshrc"
    assert step.files == (FileChange("~/.zshrc", None, render_block("zsh", PREFIX)),)
    both = plan(with_zshrc(), "zsh", "bash").steps
    assert [one.place for one in both] == ["~/.zshrc", "~/.bash_profile"]


def test_a_new_mac_gets_its_miniconda_and_its_environments_first():
    """Conda must be there before a shell starts it."""
    state = mac(prefix_state="absent")
    target = Target(MacHost("studio-01", shells=("zsh",)), state, locks={"torch": LOCK})
    assert [step.kind for step in plan_mac(target).steps] == ["environment", "shell"]


@pytest.mark.parametrize("shell", ["zsh", "bash"])
def test_what_was_written_is_in_order(shell):
    """A second plan has nothing to do."""
    name = {"zsh": ".zshrc", "bash": ".bash_profile"}[shell]
    there = ShellFile(f"{HOME}/{name}", "file", render_block(shell, PREFIX))
    assert plan(replace(shown(LOCK), shell_files={name: there}), shell).state == "up_to_date"


def test_what_conda_init_wrote_for_this_prefix_is_in_order():
    """Else the two would write over each other for ever; but a comment starts nothing."""
    theirs = by_conda(PREFIX)
    assert plan(with_zshrc(block=theirs), "zsh").state == "up_to_date"
    assert plan(with_zshrc(block=theirs.replace("__x", "#__x")), "zsh").state == "change"


@pytest.mark.parametrize(
    "theirs", [by_conda("/opt/conda"), by_conda(f"{PREFIX}-old"), render_block("bash", PREFIX)]
)
def test_the_block_of_another_conda_is_shown_before_it_goes(theirs):
    """As `conda init` of this prefix would replace it."""
    (step,) = plan(with_zshrc(block=theirs), "zsh").steps
    assert (step.action, step.files[0].before) == ("update", theirs)
    assert step.reason == "~/.zshrc does not start the conda at ~/miniconda3"


def test_a_link_is_changed_where_it_leads():
    """The step names the file that a person knows, its diff the one that is changed."""
    (step,) = plan(with_zshrc(path=f"{HOME}/dotfiles/zshrc"), "zsh").steps
    assert (step.place, step.path) == ("~/.zshrc", f"{HOME}/dotfiles/zshrc")
    assert step.files[0].path == "~/dotfiles/zshrc"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("tangled", "holds several blocks of conda, or one that is not whole"),
        ("closed", f"ann may not change {HOME}/.zshrc"),
        ("outside", f"is a link to {HOME}/.zshrc, outside the home"),
        ("odd", "is no file, or a link that leads to none"),
    ],
)
def test_what_cannot_be_changed_is_refused_with_the_way_out(state, words):
    """Before anything is done to the Mac; and not where nothing has to be changed."""
    planned = plan(with_zshrc(state), "zsh")
    assert planned.state == "blocked"
    assert words in planned.reason
    assert planned.reason.endswith("leave zsh out of `shell`")
    assert plan(with_zshrc(state, by_conda(PREFIX)), "zsh").state == "up_to_date"


def test_a_profile_that_bash_would_not_read_any_more_is_not_silenced():
    """A new .bash_profile comes before it; one that is there hides it already."""
    state = replace(shown(LOCK), bash_reads=".profile")
    (reason,) = find_shell_blockers(["zsh", "bash"], state)
    assert "bash reads ~/.profile, and would not any more" in reason
    assert "echo '. ~/.profile' >~/.bash_profile" in reason
    there = {".bash_profile": ShellFile(f"{HOME}/.bash_profile", "file")}
    assert not list(find_shell_blockers(["bash"], replace(state, shell_files=there)))


def test_a_prefix_is_quoted():
    """A home may have a quote in its name."""
    written = render_block("zsh", "/Users/o'neil/miniconda3")
    assert "$('/Users/o'\\''neil/miniconda3/bin/conda' 'shell.zsh' 'hook'" in written
    assert plan_shell("zsh", with_zshrc(block=written, prefix="/Users/o'neil/miniconda3")) is None

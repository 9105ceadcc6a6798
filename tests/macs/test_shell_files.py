"""A shell's file on a Mac gets conda's block, and then a new Terminal knows conda."""

from __future__ import annotations

import subprocess
from pathlib import Path

import on_a_mac
import pytest
import shells

from simlab import macs
from torchard.operations import change_scripts
from torchard.plan.shell_init import FILES, plan_shell, render_block

THEIRS = render_block("zsh", "/opt/conda")


@pytest.fixture(scope="module")
def _mac(tmp_path_factory, simlab_depot):
    """A Mac with Miniconda, and an environment."""
    mac = on_a_mac.make(tmp_path_factory.mktemp("shells"))
    assert mac.install(simlab_depot).returncode == 0
    channel = f"--override-channels -c {simlab_depot.channel.as_uri()}"
    made = mac.run(f"{mac.prefix}/bin/conda create -y -q -n tools {channel} xz=5.8.1")
    assert made.returncode == 0, made.stderr
    return mac


@pytest.fixture
def mac(_mac):
    """The Mac, with no shell's file but what a test writes."""
    yield _mac
    for path in _mac.home.iterdir():
        if path.name.startswith((".zsh", ".bash", "dotfiles")):
            subprocess.run(["rm", "-rf", path], check=True)


def edit(mac, shell="zsh", *, before_it_runs=None, how=""):
    """Plan what a shell needs, and do it as an apply would."""
    state = mac.state
    step = plan_shell(shell, state)
    assert step is not None, "it is up to date"
    if before_it_runs is not None:
        before_it_runs()
    return mac.run(change_scripts.edit_shell_file(state, step, on_a_mac.CONTROLLER), shell=how)


def asides(mac):
    """What was set aside in the home, and whatever else was left there."""
    return [path for path in mac.home.iterdir() if ".torchard-" in path.name]


def say(mac, shell, commands):
    """Let a new Terminal of the account run some commands: an interactive login shell."""
    return subprocess.run(
        [f"/bin/{shell}", "-l", "-i", "-c", commands],
        cwd=mac.home,
        env=macs.environment(mac.root),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("shell", shells.parameters(["zsh", "bash"]))
def test_conda_activate_works_in_a_new_terminal(mac, shell):
    """It is a function there, base is active, and an environment's tools are found by name."""
    assert "function" not in say(mac, shell, "type conda").stdout
    done = edit(mac, shell)
    assert done.returncode == 0, done.stderr
    assert (mac.home / FILES[shell]).stat().st_mode & 0o777 == 0o644
    assert asides(mac) == []
    assert "function" in say(mac, shell, "type conda").stdout
    shown = say(mac, shell, 'echo "$CONDA_DEFAULT_ENV"; conda activate tools && command -v xz')
    assert shown.stdout.splitlines() == ["base", f"{mac.prefix}/envs/tools/bin/xz"], shown.stderr
    assert say(mac, shell, "conda activate nothing").returncode == 1
    assert plan_shell(shell, mac.state) is None


@pytest.mark.parametrize("shell", shells.parameters(["zsh", "bash"]))
def test_a_block_whose_conda_is_gone_says_nothing(mac, shell):
    """A new Terminal opens as it did before."""
    (mac.home / FILES[shell]).write_text(f"{render_block(shell, '/gone')}\n", encoding="utf-8")
    quiet = say(mac, shell, "type conda >/dev/null 2>&1 || echo none")
    assert (quiet.stdout, "conda" in quiet.stderr) == ("none\n", False)


@pytest.mark.parametrize("how", shells.EVERY)
def test_a_link_stays_one(mac, how):
    """The file that it leads to is changed, in its own folder, where the copy is kept as well."""
    real = mac.home / "dotfiles" / "zshrc"
    real.parent.mkdir()
    real.write_text("a=1\n", encoding="utf-8")
    (mac.home / ".zshrc").symlink_to("dotfiles/zshrc")
    done = edit(mac, how=how)
    assert done.returncode == 0, done.stderr
    assert (mac.home / ".zshrc").readlink() == Path("dotfiles/zshrc")
    assert render_block("zsh", str(mac.prefix)) in real.read_text(encoding="utf-8")
    assert len(list(real.parent.iterdir())) == 2
    assert asides(mac) == []


def test_a_block_that_the_plan_did_not_find_is_left_alone(mac):
    """Somebody wrote it between the plan and the apply: nothing is changed, and the run says so."""
    zshrc = mac.home / ".zshrc"
    done = edit(mac, before_it_runs=lambda: zshrc.write_text(f"{THEIRS}\n", encoding="utf-8"))
    assert done.returncode == 1
    assert "has another conda block than the plan found; run it again." in done.stderr
    assert f"{zshrc} was left as it was." in done.stderr
    assert zshrc.read_text(encoding="utf-8") == f"{THEIRS}\n"


def test_one_controller_at_a_time(mac):
    """Another that is at work on the Mac is not disturbed."""
    mac.hold("bob@desk")
    try:
        done = edit(mac)
    finally:
        mac.end()
    assert done.returncode == 1
    assert "bob@desk is at work on this Mac" in done.stderr
    assert not (mac.home / ".zshrc").exists()

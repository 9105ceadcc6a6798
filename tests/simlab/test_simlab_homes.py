"""Homes and accounts as people have them: variables, no hard links, Finder's files, mac.json."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading

import pytest

from simlab import finder, macs
from simlab.spec import MacSpec

SHELLS = [shell for shell in ("bash", "zsh", "tcsh", "fish") if shutil.which(shell)]
VARIABLES = {"PYTHONPATH": "/old 'lib'", "TORCH_HOME": "/Volumes/big"}


@pytest.fixture
def make(tmp_path):
    """Make a Mac: `make(shell="zsh")`."""
    return lambda **more: macs.build(tmp_path, [MacSpec("mac", "arm64", "15.1", **more)])["mac"]


def asked(root, *, login=False):
    """Return what an account's shell has of a variable, started by sshd or at a login."""
    environment = macs.environment(root)
    shell = macs.login_shell(root)
    name = f"-{shell.rpartition('/')[2]}" if login else shell
    command = [name, "-c", 'printenv PYTHONPATH || echo "none"']
    done = subprocess.run(
        command, executable=shell, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_login_shell_exports_what_a_command_over_ssh_has_not(make, shell):
    """Of zsh, sshd's command reads .zshenv alone (zsh(1), STARTUP/SHUTDOWN FILES)."""
    root = make(shell=shell, variables=VARIABLES)
    assert asked(root) == "none"
    assert asked(root, login=True) == VARIABLES["PYTHONPATH"]


def test_variables_of_sh_are_in_each_command(make):
    """There are no startup files for it, and nothing else is in the home."""
    root = make(variables=VARIABLES)
    assert asked(root) == VARIABLES["PYTHONPATH"]
    assert list((root / "home").iterdir()) == []


def test_a_startup_file_keeps_its_other_lines(make):
    """Variables that are taken away again go, and nothing more."""
    bash = "bash"
    root = make(shell=bash, variables=VARIABLES)
    file = root / "home/.bash_profile"
    file.write_text("echo hello\n" + file.read_text())
    macs.change(root, variables={})
    assert file.read_text() == "echo hello\n"


def test_no_hard_link_is_made_on_a_volume_without_them(make):
    """By ln; soft links are, and hard ones outside the home (link(2), ENOTSUP)."""
    root = make(hard_links=False)
    script = 'echo x >f; {} f g; echo $?; ls; ln -s f h; cd "$TMPDIR"; echo y >f; ln f g; cat g'
    for command in ("ln", "ln -f"):
        done = macs.run(root, f"rm -f f h; {script.format(command)}; rm f g")
        assert (done.stdout, done.stderr) == ("1\nf\ny\n", "ln: f: Operation not supported\n")
    assert macs.run(root, "ln f dir/").returncode == 1


@pytest.mark.parametrize("macos", ["13.6", "15.1"])
def test_a_clone_has_the_mode_and_times_and_needs_apfs(make, macos):
    """On another volume, cp fails before macOS 14 and copies since (file_cmds 403 and 428)."""
    root = make()
    macs.change(root, macos=macos)
    script = (
        "rm -rf f d; echo x >f; chmod 604 f; touch -t 200001020304 f; mkdir d; echo old >d/f;"
        " cp -c f d || exit; cat d/f; ls -l d/f | cut -c 1-10; find d -newermt 2001-01-01 -name f"
    )
    assert macs.run(root, script).stdout == "x\n-rw----r--\n"
    macs.change(root, hard_links=False)
    done = macs.run(root, script)
    if macos == "13.6":
        said = "cp: d/f: clonefile failed: Operation not supported\n"
        assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    else:
        assert done.stdout == "x\n-rw-r--r--\nd/f\n"


def test_folders_are_as_finder_leaves_them(tmp_path):
    """Once."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").touch()
    (tmp_path / "a/link").symlink_to("b")
    assert finder.sprinkle(tmp_path) == 7
    assert sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*")) == [
        *(".DS_Store", "._a", "a", "a/.DS_Store", "a/._b", "a/._link", "a/b", "a/b/.DS_Store"),
        *("a/b/._file", "a/b/file", "a/link"),
    ]
    assert finder.sprinkle(tmp_path) == 0


def test_mac_json_may_be_written_while_it_is_read(make):
    """Not in one rename, as editors do: a tool of the Mac waits, and simlab knows what it said."""
    root = make()
    file = root / "mac.json"
    text = file.read_text()
    before = macs.read(root)
    end = threading.Event()

    def write():
        while not end.is_set():
            for length in (0, len(text) // 2, len(text) - 3):
                file.write_text(text[:length])
            file.write_text(text)
            end.wait(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            assert macs.read(root) == before
        done = macs.run(root, "for i in 1 2 3 4 5 6 7 8; do uname -m; sysctl -n hw.ncpu; done")
    finally:
        end.set()
        writer.join()
    assert (done.stdout, done.stderr) == ("arm64\n8\n" * 8, "")


def test_simlab_serves_while_mac_json_is_written(mac, ssh):
    """A command and a file arrive, though nobody can read just now what Mac it is."""
    file = mac.root / "mac.json"
    text = file.read_text()
    assert ssh(mac, "echo before").stdout == "before\n"
    try:
        for part in ("", text[: len(text) // 2], "[]", '{"name": "mac", "arch": "z80"}'):
            file.write_text(part)
            assert ssh(mac, "echo $HOME").stdout == f"{mac.root}/home\n"
            mac.refresh()
    finally:
        file.write_text(text)
    assert ssh(mac, "uname -m").stdout == "arm64\n"


def test_a_broken_mac_json_is_reported_by_tools_and_by_simlab(make, monkeypatch):
    """Where nothing was known before."""
    root = make()
    (root / "mac.json").write_text('{\n "name": "mac",\n')
    monkeypatch.setattr(macs, "_KNOWN", {})
    monkeypatch.setattr(macs, "_PAUSE", 0.001)
    with pytest.raises(json.JSONDecodeError):
        macs.read(root)
    environment = {"PATH": str(root / "bin")}
    done = subprocess.run(
        [root / "bin/uname"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr == "uname: simlab: mac.json is broken\n"

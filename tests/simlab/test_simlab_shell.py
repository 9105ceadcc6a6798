"""Which shell a simulated Mac has as `sh` and as `bash`."""

from __future__ import annotations

import shutil

import pytest

from simlab import macs, shell, stock
from simlab.spec import MacSpec

BASH = shutil.which("bash")
MAC = MacSpec("one", "arm64", "15.1")
ASKED = 'case $(set -o) in *posix*on*) echo sh ;; *) echo "${BASH_VERSION:+bash}" ;; esac'


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """A shell that is named for the simulated Macs: this machine's bash."""
    path = tmp_path / "a shell"
    path.symlink_to(BASH)
    monkeypatch.setenv(shell.VARIABLE, str(path))
    return path


def test_the_named_shell_is_a_macs_sh_and_bash(tmp_path, chosen):
    """Its name says which of the two it is: bash reads `sh` as POSIX has it."""
    root = macs.build(tmp_path, [MAC])["one"]
    assert {str((root / "bin" / name).readlink()) for name in ("sh", "bash")} == {str(chosen)}
    asked = f"{ASKED}\nbash -c '{ASKED}'\nsh -c '{ASKED}'"
    assert macs.run(root, asked).stdout == "sh\nbash\nsh\n"
    assert macs.login_shell(root) == str(root / "bin" / "sh")


def test_what_a_mac_runs_is_read_by_the_named_shell(tmp_path, chosen):
    """A stand-in for a tool begins with a line that finds the Mac's own sh on its PATH."""
    root = macs.build(tmp_path, [MAC])["one"]
    assert (root / "bin/uname").read_text().startswith("#!/usr/bin/env sh\n")
    (root / "bin/sh").unlink()
    (root / "bin/sh").write_text(f'#!{BASH}\necho asked >&2\nexec {BASH} "$@"\n')
    (root / "bin/sh").chmod(0o755)
    assert macs.run(root, "uname").stderr.count("asked\n") == 2


def test_without_a_named_shell_a_mac_has_the_hosts(tmp_path, monkeypatch):
    """Nothing else is looked for on a PATH."""
    monkeypatch.delenv(shell.VARIABLE, raising=False)
    root = macs.build(tmp_path, [MAC])["one"]
    assert str((root / "bin/sh").readlink()) == "/bin/sh"
    assert (root / "bin/uname").read_text().startswith("#!/bin/sh\n")


@pytest.mark.parametrize("name", ["bash", "/nowhere/sh", "/bin/echo", "/etc"])
def test_what_is_not_a_shell_is_reported(tmp_path, monkeypatch, name):
    """Before anything is started."""
    monkeypatch.setenv(shell.VARIABLE, name)
    with pytest.raises(stock.HostError, match=f"TORCHARD_SH is {name}; write the absolute path"):
        macs.build(tmp_path, [MAC])

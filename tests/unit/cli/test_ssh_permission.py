"""A lab's ssh_config runs no command before the operator allows it, whatever is typed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from torchard.cli.main import COMMANDS, cli
from torchard.remote.ssh_commands import PERMISSION

ROOT = Path(__file__).parents[3]
WORDS = {
    "check": ("check",),
    "keys": ("keys", "trust"),
    "doctor": ("doctor",),
    "lock": ("lock",),
    "plan": ("plan",),
    "apply": ("apply", "--yes"),
    "status": ("status",),
    "report": ("report", "--html", "PAGE"),
    "verify": ("verify",),
    "rollback": ("rollback", "torch"),
    "remove": ("remove", "torch"),
    "unlock": ("unlock", "studio-01"),
    "bundle": ("bundle", "never-made"),
}


@pytest.fixture
def mark(tmp_path):
    """The file that the lab's ssh_config makes if it runs."""
    return tmp_path / "mark"


@pytest.fixture
def lab(tmp_path, mark):
    """A lab with an ssh_config, and a Mac that nobody can reach."""
    (tmp_path / "config").write_text("Include config.d/nothing\nInclude " + str(tmp_path / "more"))
    (tmp_path / "more").write_text(f'Host x\nMatch exec "touch {mark}"\n  Port 1\n')
    path = tmp_path / "lab.yaml"
    path.write_text(
        'environments: {torch: {python: "3.12"}}\naccept_license: true\nmacs:\n'
        "  studio-01: {address: 127.0.0.1, ssh: {config: config, port: 1}, environments: [torch]}\n"
        "  studio-02: {address: 127.0.0.1, ssh: {port: 2}, environments: [torch]}\n",
        encoding="utf-8",
    )
    return path


def test_every_command_that_opens_a_lab_has_the_option():
    """Those that open none are the others."""
    context = click.Context(cli)
    having = {
        name
        for name in COMMANDS
        for command in [cli.get_command(context, name)]
        for one in [command, *getattr(command, "commands", {}).values()]
        if any(option.name == "allow_ssh_commands" for option in one.params)
    }
    assert having == set(WORDS)
    assert set(COMMANDS) - having == {
        "init",
        "choose",
        "show",
        "schema",
        "completion",
        "depot",
        "export",
        "import",
        "demo",
        "catalog",
    }


@pytest.mark.parametrize("name", WORDS)
def test_no_command_runs_what_comes_with_a_lab(name, lab, mark, torchard):
    """It ends before any Mac is contacted, and names the line; the option allows it."""
    words = [str(lab.parent / "page.html") if one == "PAGE" else one for one in WORDS[name]]
    done = torchard(*words, lab, **{PERMISSION: ""})
    assert done.returncode == 1
    more = lab.parent / "more"
    assert f"{more}:2:1: Match exec runs a command on this computer" in done.stderr
    assert "--allow-ssh-commands" in done.stderr
    assert not mark.exists()
    allowed = torchard(*words, lab, "--allow-ssh-commands", **{PERMISSION: ""})
    assert "Match exec" not in allowed.stderr
    assert mark.exists() is (name != "check")  # which never asks ssh
    assert allowed.returncode == 0 or name != "check"


def test_a_limit_spares_the_macs_without_that_file(lab, mark, torchard):
    """Only the files of the selected Macs are read."""
    done = torchard("plan", lab, "--limit", "studio-02", "--json", **{PERMISSION: ""})
    assert done.returncode == 3
    assert not mark.exists()


def test_the_stock_command_asks_for_the_variable(lab, mark):
    """`pyinfra` has no such option."""

    def run(allowed):
        return subprocess.run(
            [sys.executable, "-m", "pyinfra", "inventory/lab.py", "exec", "--", "true"],
            cwd=ROOT,
            env={**os.environ, "TORCHARD_LAB": str(lab), PERMISSION: allowed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("")
    assert done.returncode == 1
    assert "Match exec runs a command on this computer" in done.stderr
    assert f"set {PERMISSION}=1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not mark.exists()
    assert "Match exec" not in run("1").stderr
    assert mark.exists()

"""Completion in real shells, and what it reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from torchard.cli import complete
from torchard.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[3]
LAB = """\
environments: {torch: {python: "3.12"}, tools: {python: "3.12"}}
groups: {studio: {}, "$(touch sprung)": {}}
macs: {studio-01: {}, studio-02: {}, library-01: {}}
"""
# What a person types before the Tab key, for each shell: its words, and what it answers.
SHELLS = {
    "bash": """
        . ./completion
        COMP_WORDS=(torchard rollback t) COMP_CWORD=2
        _torchard_completion torchard t rollback
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        autoload -U compinit && compinit -u -D
        . ./completion
        compadd() { print -l ${(P)@[-1]}; }
        _describe() { print -l ${(P)@[-1]}; }
        words=(torchard rollback t) CURRENT=3
        _torchard_completion
    """,
    "fish": """
        source ./completion
        complete --do-complete 'torchard rollback t'
    """,
}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A folder with a lab and the command `torchard`, which is the working directory."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "lab.yaml").write_text(LAB, encoding="utf-8")
    tool = tmp_path / "bin" / "torchard"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m torchard "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TORCHARD_LAB", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes_an_environment_of_the_lab(lab, shell):
    """It reads what the command prints, and asks it for `torchard rollback t`."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    printed = CliRunner().invoke(cli, ["completion", shell])
    assert printed.exit_code == 0
    (lab / "completion").write_text(printed.stdout, encoding="utf-8")
    done = subprocess.run(
        [shell, "-c", textwrap.dedent(SHELLS[shell])],
        env={**os.environ, "HOME": str(lab)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    words = {line.partition("\t")[0].strip() for line in done.stdout.split("\n")}
    assert {"torch", "tools"} <= words, done.stdout + done.stderr
    assert "studio-01" not in words


def completed(*words, typed=""):
    """Return what is completed after words of the `torchard` command."""
    command = cli.get_command(click.Context(cli), words[0])
    context = command.make_context(words[0], list(words[1:]), resilient_parsing=True)
    options = {one.name: one for one in command.params}
    return context, lambda name: options[name].shell_complete(context, typed)


@pytest.mark.parametrize(
    ("command", "option", "typed", "found"),
    [
        ("plan", "limits", "st", ["studio-01", "studio-02", "studio"]),
        ("plan", "limits", "studio-01,l", ["studio-01,library-01"]),
        ("plan", "mac", "lib", ["library-01"]),
        ("unlock", "mac", "studio-0", ["studio-01", "studio-02"]),
        ("rollback", "environment", "", ["torch", "tools"]),
        ("apply", "rebuild", "to", ["torch", "tools"]),
    ],
)
def test_names_come_from_the_lab_file(lab, command, option, typed, found):
    """A name that a shell could run is left out."""
    _, complete_option = completed(command, typed=typed)
    assert [item.value for item in complete_option(option)] == found
    assert not (lab / "sprung").exists()


def test_the_lab_that_was_typed_counts(lab):
    """Else it is the one that TORCHARD_LAB names, or inventory/lab.yaml."""
    (lab / "other.yaml").write_text("macs: {mini: {}}\n", encoding="utf-8")
    _, complete_option = completed("plan", "other.yaml")
    assert [item.value for item in complete_option("limits")] == ["mini"]


@pytest.mark.parametrize("text", ["macs: [", "macs: [a]", "- a", ""])
def test_a_lab_with_faults_completes_what_it_can(lab, text):
    """Nobody wants an error at the Tab key."""
    path = lab / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    assert complete.read_names(path) == {"macs": (), "groups": (), "environments": ()}


def test_commands_are_completed_without_importing_one(lab):
    """Each has its sentence, and only those that begin with what was typed."""
    context = click.Context(cli)
    found = {item.value: item.help for item in cli.shell_complete(context, "s")}
    assert found == {name: text for name, text in COMMANDS.items() if name.startswith("s")}
    assert "--version" in [item.value for item in cli.shell_complete(context, "--v")]


def test_a_completion_of_commands_loads_nothing_slow(lab):
    """The Tab key after `torchard` answers as fast as --help does."""
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from torchard.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "_TORCHARD_COMPLETE": "zsh_complete",
            "COMP_WORDS": "torchard p",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[:2] == ["plain", "plan"]
    assert not {"yaml", "pyinfra", "gevent", "jsonschema"} & set(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["version"], "No such command 'version'.\n  Type: torchard --version"),
        (["stat"], "No such command 'stat'.\n  Type: torchard status"),
        (["zzz"], "No such command 'zzz'.\n  Type: torchard --help"),
        (["plan", "studio-01"], "  Type: torchard plan --limit studio-01"),
        (["check", "studio"], "studio is a group in inventory/lab.yaml, and not a lab file."),
        (["check", "nowhere"], "nowhere: there is no such file"),
        (["apply", "--dry-run"], "`torchard plan` shows what apply would do, and changes nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_says_what_to_type(lab, words, says):
    """Exit 1, and nothing is done."""
    done = subprocess.run(
        ["torchard", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr

"""A script reaches `sh` unchanged through any login shell."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sent import as_sent, assert_nothing_expands

from torchard.mac import probe
from torchard.operations import script_text
from torchard.remote.quoting import as_whole_command, for_any_shell

NASTY = "it's \\' \\\\ \\0101 \"$HOME\" `id` $(id) !x !! # ( ) é \t 100% ~ *\nsecond \\\nlines"
# The login shells of this machine, of those that a Mac's account may have.
LOGIN = [shell for shell in ("sh", "bash", "zsh", "tcsh", "fish") if shutil.which(shell)]
BUILD = ("run_lock.sh", "build_environment.sh")
SCRIPTS = [probe.build_script("~/it's"), *map(script_text.read_script, BUILD), NASTY]


@pytest.mark.parametrize("text", SCRIPTS)
def test_no_login_shell_reads_the_quoted_text_differently(text):
    """The text between the single quotes has no character that a login shell reads differently."""
    assert_nothing_expands(as_sent(text))


@given(st.text())
def test_no_shell_expands_any_text(text):
    """Bash 3.2 reads the inner quotes as unquoted, so no character there may be special."""
    assert_nothing_expands(as_sent(text))


@pytest.mark.parametrize("shell", [["/bin/sh"], ["/bin/bash", "--posix"]])
@pytest.mark.parametrize("text", SCRIPTS)
def test_every_character_arrives(shell, text):
    """`sh` runs the script byte for byte, except for line breaks at its end."""
    shown = for_any_shell(text).removeprefix("eval ")
    done = subprocess.run(
        [*shell, "-c", f"printf %s {shown}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == text.rstrip("\n")


def test_the_script_has_the_status_and_the_input_of_its_command():
    """It keeps its own status and its own stdin."""
    script = for_any_shell('read -r line\necho "$line"\nexit 7')
    command = ["/bin/sh", "-c", script]
    done = subprocess.run(command, check=False, input="said\n", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, "said\n")


@pytest.mark.parametrize("shell", LOGIN)
def test_a_login_shell_passes_a_command_on_unchanged(shell):
    """As sshd starts it: the shell gets what pyinfra or Torchard sends, in one argument."""
    script = f"printf %s {shlex.quote(NASTY)}; exit 7"
    for sent in (as_sent(script), as_whole_command(script)):
        done = subprocess.run([shell, "-c", sent], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (7, NASTY, "")

"""What a person at a terminal sees and is asked, and what a program reads from a pipe.

Nothing is changed on these Macs: every answer declines, or is empty.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import termios

import pytest
from fixed_catalog import PYTHON_M
from progress_events import without_events

from simlab.lab import SimLab


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """Two Macs, and the locks of their lab."""
    with SimLab(tmp_path_factory.mktemp("terminal") / "lab", 2, simlab_depot.root) as lab:
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


class Terminal:
    """A `torchard` that has a terminal as stdin and stderr, and a pipe as stdout."""

    def __init__(self, *arguments):
        self.master, slave = pty.openpty()
        mode = termios.tcgetattr(slave)
        mode[1] &= ~termios.ONLCR
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        self.process = subprocess.Popen(
            [*PYTHON_M, "torchard", *map(str, arguments)],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            text=True,
            env={**os.environ, "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def until(self, text):
        """Read what the terminal shows until some text is there."""
        while text not in self.seen:
            shown = os.read(self.master, 4096).decode(errors="replace")
            assert shown, self.seen
            self.seen += shown

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Wait for the command: its exit code and stdout. `seen` is then all of the terminal."""
        out, _ = self.process.communicate(timeout=20)
        with contextlib.suppress(OSError):  # Linux says so where nobody is at the other end
            while shown := os.read(self.master, 4096):
                self.seen += shown.decode(errors="replace")
        os.close(self.master)
        return self.process.returncode, out


@pytest.fixture
def at_a_terminal(artefacts):
    """`at_a_terminal("apply", lab.lab_file)`: a command that a test types to."""
    started = []

    def start(*arguments):
        started.append(Terminal(*arguments))
        return started[-1]

    yield start
    for terminal in started:
        terminal.process.kill()
        terminal.process.communicate()


@pytest.mark.parametrize("answer", ["n\n", "\n", "perhaps\nno\n", "\x04"])
def test_a_plan_that_is_declined_changes_nothing(lab, at_a_terminal, answer):
    """No, nothing, and the end of the input all mean no; what is neither is asked again: exit 1."""
    before = lab.snapshot()
    terminal = at_a_terminal("apply", lab.lab_file)
    terminal.until("Do it? [y/N]")
    terminal.type(answer)
    code, out = terminal.end()
    assert code == 1
    assert "Plan: 2 Macs to change" in out
    assert terminal.seen.count("Do it?") == 1 + answer.startswith("perhaps")
    assert "Nothing was changed." in terminal.seen
    assert lab.snapshot() == before


def test_ctrl_c_at_the_question_changes_nothing(lab, at_a_terminal):
    """The result says that every Mac is as it was, and the exit code is 130."""
    before = lab.snapshot()
    terminal = at_a_terminal("apply", lab.lab_file)
    terminal.until("Do it? [y/N]")
    terminal.process.send_signal(signal.SIGINT)
    code, out = terminal.end()
    assert code == 130
    said = "the run was interrupted before anything was changed on this Mac"
    assert out.count(said) == 2
    assert "Interrupted. Run the same command again to continue." in terminal.seen
    assert lab.snapshot() == before


def test_a_host_key_is_recorded_for_who_says_that_it_is_the_same(lab, at_a_terminal):
    """What is asked about is shown before, and how the Mac itself prints it; no records nothing."""
    known = lab.directory / "known_hosts"
    kept = known.read_text(encoding="utf-8")
    known.write_text("", encoding="utf-8")
    try:
        codes = []
        for answer in ("n\n", "y\n"):
            terminal = at_a_terminal("keys", "trust", "studio-01", lab.lab_file)
            terminal.until("Are they the same? [y/N]")
            terminal.type(answer)
            code, out = terminal.end()
            assert "ED25519 SHA256:" in out
            assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in out
            # The name is hashed where this machine's ssh_config says so, as Debian's does.
            codes.append((code, known.read_text(encoding="utf-8").split()[1:]))
    finally:
        known.write_text(kept, encoding="utf-8")
    assert codes == [(1, []), (0, kept.splitlines()[0].split()[1:])]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_the_question_leaves_the_terminal_in_order(lab, at_a_terminal, number, code):
    """Ctrl-C is 130 and SIGTERM 143: the cursor is back, no traceback, nothing changed."""
    before = lab.snapshot()
    terminal = at_a_terminal("apply", lab.lab_file)
    terminal.until("Do it? [y/N]")
    os.kill(terminal.process.pid, number)
    assert terminal.end()[0] == code
    assert "Traceback" not in terminal.seen
    assert terminal.seen.count("\x1b[?25h") == terminal.seen.count("\x1b[?25l") > 0
    assert lab.snapshot() == before


def test_yes_is_asked_for_where_nobody_can_be_asked(lab, torchard):
    """Without a terminal, or with --json, nothing is done without --yes: exit 1."""
    before = lab.snapshot()
    piped = torchard("apply", lab.lab_file, stdin="y\n")
    assert piped.returncode == 1
    assert "there is no terminal to ask at" in piped.stderr
    assert "Plan: 2 Macs to change" in piped.stdout
    unseen = torchard("apply", lab.lab_file, "--json", stdin="y\n")
    assert (unseen.returncode, unseen.stdout) == (1, "")
    assert "--json shows no plan to agree to" in unseen.stderr
    assert "--yes" in unseen.stderr
    assert lab.snapshot() == before


def test_progress_is_for_a_terminal_and_never_in_the_result(lab, at_a_terminal, torchard):
    """A terminal at stderr sees what goes on; stdout has the JSON alone; a pipe gets events."""
    terminal = at_a_terminal("plan", lab.lab_file, "--json")
    code, out = terminal.end()
    assert code == 2
    assert json.loads(out)["summary"]["change"] == 2
    assert "reading 2 Macs" in terminal.seen
    piped = torchard("plan", lab.lab_file, "--json")
    assert json.loads(piped.stdout)["summary"] == json.loads(out)["summary"]
    assert piped.stderr == ""
    assert piped.events == ["[controller] reading 2 Macs"]


def test_a_reader_that_has_enough_is_not_an_error(lab, artefacts, tmp_path):
    """`torchard status | head -1`: no traceback, no error on stderr, and every file is written."""
    file = tmp_path / "junit.xml"
    with subprocess.Popen(
        [*PYTHON_M, "torchard", "status", str(lab.lab_file), "--junit", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        assert without_events(process.stderr.read()) == ""
    assert process.returncode == 1
    assert "<testsuites>" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("sends", "code", "says"),
    [(">&-", 2, ""), (">/dev/full", 1, "Stdout cannot be written: No space left on device.")],
)
def test_a_closed_or_full_stdout_is_a_sentence_at_most(lab, artefacts, sends, code, says):
    """A closed stream is as /dev/null: the run goes on."""
    if "full" in sends and not os.path.lexists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    done = subprocess.run(
        ["sh", "-c", f'"$@" {sends}', "sh", *PYTHON_M, "torchard", "plan", str(lab.lab_file)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code
    assert without_events(done.stderr).partition("\n")[0] == says


def test_a_limit_means_macs_groups_and_patterns(lab, torchard):
    """--limit takes a name, a group, a pattern, several of them; what means nothing is an error."""

    def limited(*limits):
        options = [word for limit in limits for word in ("--limit", limit)]
        done = torchard("plan", lab.lab_file, "--json", *options)
        assert done.returncode == 2, done.stderr
        return list(json.loads(done.stdout)["macs"])

    assert limited("studio-02") == ["studio-02"]
    assert limited("apple-silicon") == ["studio-01", "studio-02"]
    assert limited("*-02", "studio-01") == ["studio-01", "studio-02"]
    nobody = torchard("plan", lab.lab_file, "--json", "--limit", "studio-1")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "has no Mac and no group studio-1" in nobody.stderr
    assert "Did you mean studio-01?" in nobody.stderr


def test_a_stale_lock_is_refused_where_it_may_not_be_made(lab, torchard):
    """--locked ends with 1 where a lock is out of date or missing, and names it; check says 2."""
    described = lab.lab_file.read_text(encoding="utf-8")
    lock = lab.directory / "locks" / "lab" / "torch.osx-arm64-macos15.json"
    whole = lock.read_bytes()
    try:
        lab.lab_file.write_text(described.replace('["einops"]', "[]"), encoding="utf-8")
        for command in (("plan",), ("apply", "--yes"), ("verify",)):
            done = torchard(*command, lab.lab_file, "--locked", "--json")
            assert (done.returncode, done.stdout) == (1, "")
            assert re.search(rf"^The lock {re.escape(str(lock))} is out of date", done.stderr)
            assert "Run `torchard lock`" in done.stderr
        check = torchard("lock", lab.lab_file, "--check")
        assert check.returncode == 2
        assert check.stdout.count("out of date") == 4  # the word, and each lock's own sentence
        lab.lab_file.write_text(described, encoding="utf-8")
        lock.unlink()
        done = torchard("plan", lab.lab_file, "--locked")
        assert (done.returncode, done.stdout) == (1, "")
        assert "is missing" in done.stderr
        lock.write_text("{", encoding="utf-8")
        damaged = torchard("plan", lab.lab_file, "--locked", "--json")
        assert damaged.returncode == 3
        macs = json.loads(damaged.stdout)["macs"]
        assert "this is not a lock file" in macs["studio-01"]["reason"]
        assert "remove it" in macs["studio-01"]["reason"]
        assert macs["studio-02"]["state"] == "change"
    finally:
        lab.lab_file.write_text(described, encoding="utf-8")
        lock.write_bytes(whole)


def test_a_worse_answer_wins(lab, torchard):
    """With one Mac unreachable and another to change, 3 wins over 2; a broken lab file is 1."""
    lab.macs["studio-01"].set(fault="refuse")
    try:
        done = torchard("plan", lab.lab_file)
    finally:
        lab.macs["studio-01"].set(fault=None)
    assert done.returncode == 3
    assert "Plan: 1 Mac to change, 0 up to date, 1 unreachable." in done.stdout

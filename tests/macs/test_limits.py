"""What keeps an account from its work is named with what to do, whichever tool met it."""

from __future__ import annotations

import subprocess

import pytest
import shells
from on_a_mac import locked

from torchard.operations import script_text
from torchard.operations.incoming import parse_free_bytes, remove_partial_files

QUOTA = "the account's disk quota is used up; make room in its home, or ask"
GUARDED = "macOS guards that folder; turn on System Settings > General > Sharing > Remote Login"
FORBIDDEN = "macOS forbids that, whatever the file's mode says; `ls -lO` shows flags"
LINES = {
    "OSError: [Errno 28] No space left on device": "this Mac's disk is full; make room",
    "cp: /Users/ann/x: Disc quota exceeded": QUOTA,
    "OSError: [Errno 69] Disc quota exceeded: '/Users/ann/x'": QUOTA,
    "OSError: [Errno 27] File too large": "a file became larger than the account",
    "/bin/sh: line 1: 41 Filesize limit exceeded: 25  cat": "a file became larger than",
    "OSError: [Errno 24] Too many open files: 'x'": "the account's limit of open files is too low",
    "/bin/sh: fork: Resource temporarily unavailable": "the account has as many processes as",
    "BlockingIOError: [Errno 35] Resource temporarily unavailable": "the account has as many",
    "tar: conda: Cannot write: Read-only file system": "the volume is mounted read-only",
    "mkdir: /Users/ann/Documents: Operation not permitted": GUARDED,
    "PermissionError: [Errno 1] Operation not permitted: '/Users/ann/Desktop/conda/x'": GUARDED,
    "ls: /Users/ann/Library/Mobile Documents/: Operation not permitted": GUARDED,
    "mkdir: /Volumes/Data/conda: Operation not permitted": GUARDED,
    "mkdir: /Users/ann/MyDocuments: Operation not permitted": FORBIDDEN,
    "x.sh: line 9: /Users/ann/miniconda3/bin/python: Permission denied": "programs may not run",
    "x.sh: line 400: /Users/ann/miniconda3/_conda: Permission denied": "programs may not run there",
}
NO_LIMIT = [
    "mkdir: /opt/conda: Permission denied",
    "socket: Resource temporarily unavailable",
    "ERROR: No matching distribution found",
    "",
]


def named(shell, text: str) -> str:
    """Return what is reported about a tool's output."""
    script = f"{script_text.read_script('explain_errors.sh')}explain_error"
    return subprocess.run(
        ["sh", "-c", script],
        executable=shells.PROGRAMS[shell],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("shell", shells.EVERY)
def test_every_limit_is_named_by_what_a_tool_printed(shell):
    """In one line, and nothing is reported where no limit is known; the last one counts."""
    for line, says in LINES.items():
        said = named(shell, f"begun\n{line}\nended\n")
        assert said.startswith(says), line
        assert said.count("\n") == 1
    assert named(shell, "\n".join(NO_LIMIT) + "\n") == ""
    assert named(shell, "Disc quota exceeded\nToo many open files\n").startswith(
        "the account's lim"
    )


def refusing(mac, tool: str, words: str, said: str) -> None:
    """Let a tool of a Mac fail with a text where it is called with some words."""
    mac.tool(
        tool, f'case "$*" in {words}) echo "{said}" >&2; exit 1 ;; esac\nexec /bin/{tool} "$@"'
    )


def test_a_folder_that_macos_guards_is_named_before_anything_is_done(mac):
    """`mkdir` says it while nothing is logged yet."""
    refusing(mac, "mkdir", "*.torchard/*", "mkdir: /Users/ann/Documents/x: Operation not permitted")
    ran = mac.run(locked("take_lock"))
    assert ran.returncode == 1
    said = ran.stderr.splitlines()
    assert len(said) == 3, said
    assert said[0].endswith("Operation not permitted")
    assert said[1].endswith(".torchard cannot be written; nothing was done")
    assert said[2].startswith(GUARDED)


def test_what_a_step_met_is_named_from_its_log(mac):
    """Far above the end of the log as well; a signal leaves no word at all."""
    body = "take_lock; open_log x; run_logged sh -c {} || fail 'it failed'"
    far = "'echo OSError: Errno 69: Disc quota exceeded; seq 100; exit 1'"
    ran = mac.run(locked(body.format(far)))
    assert ran.stderr.splitlines()[-3] == "it failed"
    assert ran.stderr.splitlines()[-2].startswith(QUOTA)
    ran = mac.run(locked(body.format("'kill -XFSZ $$'")))
    assert ran.stderr.splitlines()[-2].startswith("a file became larger than the account")
    ran = mac.run(locked(body.format("'exit 1'")))
    assert ran.stderr.splitlines()[-2] == "it failed"


def test_what_sftp_does_not_say_a_shell_does(mac):
    """It tries to write a little more to what has arrived, says why not, and removes it."""
    state = mac.state
    mac.push("x.part", b"half")
    path = mac.incoming / "x.part"
    quiet = mac.run(remove_partial_files(state, [str(path)]))
    assert (quiet.stderr, path.exists()) == ("", False)
    assert parse_free_bytes(quiet.stdout.splitlines()) > 0
    mac.push("x.part", b"half")
    mac.tool("head", 'echo "head: stdout: Disc quota exceeded" >&2; exit 1')
    said = mac.run(remove_partial_files(state, [str(path)]))
    assert said.stderr.startswith(QUOTA)
    assert not path.exists()
    assert parse_free_bytes(said.stdout.splitlines()) > 0

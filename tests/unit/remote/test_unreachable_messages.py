"""Each message names what was found and what to do, and none repeats long output."""

from __future__ import annotations

import pytest

from torchard.remote import unreachable
from torchard.remote.quoting import for_any_shell
from torchard.remote.ssh_config import EffectiveConfig

MAC = "192.0.2.11:22"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (
            "root@jump: Permission denied (publickey,password).",
            "accepts none of your keys; try `ssh jump`",
        ),
        (
            (
                "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\n"
                "Disconnected from 192.0.2.1 port 22"
            ),
            "got too many keys; write `IdentitiesOnly yes`",
        ),
        (
            (
                "channel 0: open failed: administratively prohibited: open failed\n"
                "stdio forwarding failed"
            ),
            f"does not pass a connection on to {MAC}; its administrator has to allow it",
        ),
        (
            "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed",
            (
                f"does not reach {MAC}; is it on, awake, and is Remote Login on (System Settings >"
                ' General > Sharing)? ("Connection refused")'
            ),
        ),
        (
            "ssh: Could not resolve hostname jump: Name or service not known",
            "has a name that does not resolve",
        ),
        (
            "ssh: connect to host 192.0.2.1 port 22: Operation timed out",
            'cannot be connected to; is it on, and in this network? ("192.0.2.1 port 22: Operation',
        ),
        (
            "kex_exchange_identification: Connection closed by remote host",
            "closed the connection; it may have too many logins in progress: run it again",
        ),
        ("Warning: Permanently added 'x' to y\nsome new words", '"some new words"; try `ssh jump`'),
        ("", '"it printed nothing"; try `ssh jump`'),
    ],
)
def test_ssh_errors_of_a_jump_host_are_sentences(said, says):
    """From OpenSSH's own words; an unknown message is quoted in one line."""
    reason = unreachable.explain_jump_error(said.replace("\n", "\r\n"), "jump", MAC)
    assert reason.startswith("the jump host jump ")
    assert says in reason
    assert "\n" not in reason


@pytest.mark.parametrize(
    ("lines", "said", "says"),
    [
        (
            ["This account is currently not available."],
            "",
            'its account has no shell: it printed "This account is currently not available."',
        ),
        (
            [],
            "WARNING: Your password has expired.\nPassword change required but no TTY available.",
            "the password of this account has expired",
        ),
        ([], "", 'it printed "nothing"'),
        (["Welcome!", "fish>"], "", 'it printed "Welcome! … fish>"'),
        (["a", "b", "c", "d"], "", 'it printed "a … d"'),
        (["begin", "kernel\tDarwin"], "sh: fork failed", 'its answer was cut short: "sh: fork'),
    ],
)
def test_other_output_than_an_answer_is_quoted_in_a_line(lines, said, says):
    """With what to change on the Mac."""
    reason = unreachable.explain_missing_answer(lines, said)
    assert reason is not None
    assert says in reason
    assert "\n" not in reason


def test_a_complete_or_cut_answer_is_left_to_the_probe():
    """Their content decides."""
    assert unreachable.explain_missing_answer(["begin", "end\tok"], "some noise") is None
    assert unreachable.explain_missing_answer(["begin", "kernel\tDarwin"], "") is None


def test_our_own_command_is_not_quoted():
    """Xonsh prints the command, a position and colours: twelve kilobytes."""
    command = f"sh -c '{for_any_shell('printf %s {a,b}; ' * 200)}'"
    said = f"\x1b[31mTraceback:\x1b[0m\n  {command}\n     ^^^\n\x1b[1mSyntaxError: printf\x1b[0m\n"
    reason = unreachable.explain_missing_answer([], said * 3)
    assert reason is not None
    assert '"Traceback: … SyntaxError: printf"' in reason
    assert len(reason) < 500


def test_a_line_is_cut_where_it_is_too_long():
    """Long output is cut, and a login in a URL is removed."""
    assert len(unreachable.shorten("x" * 10_000)) < 200
    assert "secret" not in unreachable.shorten("see https://ada:secret@mini.lab/x")
    cut = "x" * (unreachable._WIDTH - 20)
    assert "secret" not in unreachable.shorten(f"{cut} https://ada:secret@mini.lab/x")
    assert unreachable.shorten("\x1b]0;title\x07\x1b[2J---\n") == ""


def test_a_locked_mac_is_recognised_by_its_banner():
    """The banner of macOS 26; the command to type has the Mac's port and account."""
    banner = "This system is locked. To unlock it, use a local account name and password."
    assert unreachable.is_filevault_banner(banner)
    assert not unreachable.is_filevault_banner("Authorised users only. Unlock your screen.")
    said = unreachable.explain_locked_mac(EffectiveConfig("mini", "192.0.2.11", 2222, "LAB\\ada"))
    assert "run `ssh -p 2222 'LAB\\ada@mini'`" in said


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("Exceeded MaxStartups", "too many logins in progress, or penalises failed ones"),
        ("Not allowed at this time", "wait some minutes, and run it again"),
        ("HTTP/1.1 400 Bad Request", 'not as an SSH server: "HTTP/1.1 400 Bad Request"; is that'),
        ("", "answers, but not as an SSH server; is that its SSH port?"),
    ],
)
def test_text_before_the_banner_is_quoted(said, says):
    """A busy server gets another message than a server without SSH."""
    assert says in unreachable.explain_missing_banner(MAC, said)

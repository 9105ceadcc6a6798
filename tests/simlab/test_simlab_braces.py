"""A simulated Mac's sh refuses what bash 3.2, the sh of every Mac, would expand."""

from __future__ import annotations

import re
import shlex

import pytest

from simlab import braces, macs
from simlab.spec import MacSpec
from torchard.remote.quoting import for_any_shell

# Each was given to Apple's bash 3.2.57, with brace expansion on and off, and printed different
# things: braces.c, brace_expand and brace_gobbler.
EXPANDED = {
    "echo {a,b}": "{a,b}",
    "echo x{1..3}y": "{1..3}",
    "echo {a..c}": "{a..c}",
    "echo {a,}": "{a,}",
    'echo "x"{a,"b c"}': '{a,"b c"}',
    "echo ${x}{a,b}": "{a,b}",
    'echo "${x}"{a,b}': "{a,b}",
    "export x={a,b}": "{a,b}",
    "cat >{a,b}": "{a,b}",
    "for i in {1..3}; do :; done": "{1..3}",
    "if true; then echo {a,b}; fi": "{a,b}",
    "case x in x) echo {a,b} ;; esac": "{a,b}",
    'echo "$(echo {a,b})"': "{a,b}",
    "echo `echo {a,b}`": "{a,b}",
    # Its own: the inner quotes end the outer ones.
    'printf "%s" "$(printf %b "{a,b} x")"': "{a,b}",
    'eval "$(printf %b "f() {a, b }")"': "{a, b }",
    'x="$(cat "{a,b}")"; echo "$(cat "{a,b}")"': "{a,b}",
    "cat <<E\n$(echo {a,b})\nE": "{a,b}",
    "sh -c 'echo {a,b}'": "{a,b}",
    "exec /bin/bash -ec 'echo {a,b}'": "{a,b}",
    "eval 'echo {a,b}'": "{a,b}",
    'eval "$(printf %b "echo \\0173a,b\\0175")"': "{a,b}",
}
LEFT_ALONE = [
    'echo "{a,b}"',
    "echo '{a,b}'",
    "echo \\{a,b}",
    "echo {a\\,b}",
    "echo {a}",
    "echo {}",
    "echo {a..}",
    "echo {a..3}",
    "echo {ab..cd}",
    "echo {a, b}",
    "f() { a; b,c; }",
    "x={a,b}",
    "x={a,b} y={c,d} true",
    "case {a,b} in {a,b} | {c,d}) ;; ({e,f}) ;; esac",
    "echo ${x:-{a,b}}",
    'echo "${x:-{a,b}}"',
    "echo $(x={a,b})",
    """echo "$(awk '{ print $1, $2 }' file)" """,
    """awk "{ print 1, 2 }" file""",
    "cat <<E\n{a,b}\nE\n",
    "cat <<'E'\n$(echo {a,b})\nE\n",
    "echo x # {a,b}",
    "echo $((1)) $((2))",
]


@pytest.mark.parametrize(("script", "found"), EXPANDED.items())
def test_what_bash_expands_is_found(script, found):
    """Whatever is in quotes for other shells."""
    assert braces.find(script) == found


@pytest.mark.parametrize("script", LEFT_ALONE)
def test_what_bash_leaves_alone_is_taken(script):
    """Quotes, assignments, patterns, here-documents, comments and braces of no use."""
    assert braces.find(script) is None
    assert braces.as_bash(script) == script


# How commands were sent before braces went as octal numbers: every real Mac answered with
# "syntax error near unexpected token".
_ONCE_PLAIN = re.compile(rb"[^A-Za-z0-9 _./:;=,+@%^&*?<>|\[\]{}-]")


def once(script: str) -> str:
    text = _ONCE_PLAIN.sub(lambda found: b"\\0%03o" % found[0][0], script.encode())
    return f'eval "$(printf %b "{text.decode()}")"'


SCRIPT = "f() { printf '%s, %s\\n' \"$1\" \"$2\"; }\nf a b | awk '{ print $1, $2 }'\n"


def test_a_script_is_taken_as_torchard_sends_it_and_not_as_it_once_did():
    """The one holds braces that no Mac may see, the other none."""
    assert braces.find(once(SCRIPT)) is not None
    assert braces.find(f"sh -c {shlex.quote(once(SCRIPT))}") is not None
    assert braces.find(for_any_shell(SCRIPT)) is None


def test_a_mac_refuses_them_as_bash_does(tmp_path):
    """With a syntax error and status 2, before anything of the script has run."""
    root = macs.build(tmp_path, [MacSpec("mac-1", "arm64", "15.1")])["mac-1"]
    done = macs.run(root, "touch made; " + once(SCRIPT))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sh: -c: line 0: syntax error near unexpected token")
    assert not (root / "home/made").exists()
    assert macs.run(root, for_any_shell(SCRIPT)).stdout == "a, b\n"


def test_a_command_over_ssh_is_refused_as_well(mac, ssh):
    """The one that a client sends."""
    done = ssh(mac, f"sh -c {shlex.quote(once(SCRIPT))}")
    assert done.exit_status == 2
    assert "near unexpected token" in done.stderr
    assert ssh(mac, f"sh -c {shlex.quote(for_any_shell(SCRIPT))}").stdout == "a, b\n"

"""What a known_hosts file says about a key; OpenSSH's own ssh-keygen agrees."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paramiko import HostKeys

from torchard.remote import known_hosts, ssh_config
from torchard.remote.host_keys import RevokedHostKeyError
from torchard.remote.known_hosts import HostKey, check_key, list_known_types, parse_lines
from torchard.remote.known_hosts_files import KnownHosts


def key(number, kind="ssh-ed25519"):
    """Return an unusable key of a type."""
    parts = (kind.encode(), bytes([number]) * 32)
    return HostKey(kind, b"".join(len(one).to_bytes(4, "big") + one for one in parts))


def line(names, one, marker=""):
    """Return a line of a file."""
    return f"{marker} {names} {one.type} {one.get_base64()} a comment\n".lstrip()


ONE, TWO, RSA = key(1), key(2), key(3, "ssh-rsa")
# A salt by chance would give a test another name in each worker.
HASHED = HostKeys.hash_host("[mini]:2222", base64.b64encode(bytes(20)).decode())


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", "unknown"),
        (line("[mini]:2222", ONE), "known"),
        (line("[MINI]:2222", ONE), "known"),
        (line("other,[mini]:2222", ONE), "known"),
        (line(HASHED, ONE), "known"),
        (line("[mini]:*", ONE), "known"),
        (line("[m?n?]:2222", ONE), "known"),
        (line("*,!*mini*", ONE), "unknown"),
        (line("[mini]:2222", TWO), "changed"),
        (line("[mini]:2222", RSA), "changed"),
        (line("[mini]:2222", TWO) + line("[mini]:2222", ONE), "known"),
        # ssh looks for the name without its port as well, for this very key.
        (line("mini", ONE), "known"),
        (line("mini", TWO), "unknown"),
        (line("[mini]:2222", TWO) + line("mini", ONE), "changed"),
        (line("*", ONE, "@revoked") + line("[mini]:2222", ONE), "revoked"),
        (line("*", TWO, "@revoked") + line("[mini]:2222", ONE), "known"),
        (line("*", ONE, "@cert-authority"), "unknown"),
        (line("*", ONE, "@nonsense"), "unknown"),
        ("# [mini]:2222 ssh-ed25519 AAAA\n", "unknown"),
        ("[mini]:2222 ssh-ed25519 !!!!\n" + line("[mini]:2222", ONE), "known"),
        ("[mini]:2222 ssh-ed25519\n", "unknown"),
        (f"[mini]:2222 ssh-rsa {ONE.get_base64()}\n", "unknown"),
        ("|1|x|y ssh-ed25519 AAAA\n|2|a|b ssh-ed25519 AAAA\n", "unknown"),
    ],
)
def test_a_file_says_whether_a_key_is_known(text, verdict):
    """By the rules of OpenSSH's hostfile.c and sshconnect.c."""
    assert check_key(parse_lines(text, "f"), "[mini]:2222", ONE, bare="mini").verdict == verdict


def test_an_authority_is_named_if_nothing_else_is_known():
    """The advice differs from that for an unknown host."""
    found = check_key(parse_lines(line("*", TWO, "@cert-authority"), "f"), "mini", ONE)
    assert found.verdict == "unknown"
    assert found.by_authority is not None
    assert found.by_authority.file == "f"


def test_an_address_with_another_key_is_rejected_with_checkhostip():
    """CheckHostIP: the name's key is known, and the address has another."""
    lines = parse_lines(line("mini", ONE) + line("192.0.2.1", TWO), "f")
    assert check_key(lines, "mini", ONE).verdict == "known"
    assert check_key(lines, "mini", ONE, ip="192.0.2.1").verdict == "changed"


def test_the_host_is_asked_for_known_types_first():
    """A host with several keys then offers one that is known."""
    lines = parse_lines(line("mini", RSA) + line("mini", TWO) + line("other", ONE), "f")
    assert list_known_types(lines, ["mini"]) == ("ssh-rsa", "ssh-ed25519")
    assert list_known_types(lines, ["nobody"]) == ()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen here")
def test_ssh_keygen_finds_the_same(tmp_path):
    """The same names, plain, hashed or as patterns."""
    file = tmp_path / "known"
    for names in ("mini", "a,mini", HostKeys.hash_host("mini"), "m*,!mono", "*,!mini", "MINI"):
        file.write_text(line(names, ONE), encoding="utf-8")
        found = subprocess.run(
            ["ssh-keygen", "-F", "mini", "-f", file], check=False, capture_output=True
        )
        ours = check_key(parse_lines(file.read_text(encoding="utf-8"), "f"), "mini", ONE).verdict
        assert (found.returncode == 0) == (ours == "known"), names


@given(st.text(), st.binary(max_size=40))
def test_any_text_is_read(text, salt):
    """A broken line does not hide the key in another line."""
    hidden = f"|1|{base64.b64encode(salt).decode()}|{text.replace(os.linesep, '')}"
    lines = parse_lines(f"{text}\n{hidden} ssh-ed25519 AAAA\n{line('mini', ONE)}", "f")
    assert check_key(lines, "mini", ONE).verdict in {"known", "revoked"}


def test_a_fingerprint_is_that_of_ssh_keygen():
    """The digest without its padding."""
    assert ONE.fingerprint.startswith("SHA256:")
    assert len(ONE.fingerprint) == 50
    assert (ONE.algorithm_name, RSA.algorithm_name) == ("ED25519", "RSA")
    assert known_hosts.HostKey("ecdsa-sha2-nistp256", b"").algorithm_name == "ECDSA"


def test_a_pipe_in_the_place_of_a_file_is_not_read(tmp_path):
    """It would never end; as a list of revoked keys, it accepts none, as in ssh."""
    pipe = tmp_path / "hosts"
    os.mkfifo(pipe)
    to = ssh_config.parse_answer(
        "mini", f"hostname mini\nuser ada\nport 22\nuserknownhostsfile {pipe}\n"
    )
    for named in (None, str(pipe)):
        assert KnownHosts(to, named, pinned=False).check_key(ONE, None).verdict == "unknown"
    with pytest.raises(RevokedHostKeyError):
        KnownHosts(to, None, pinned=False).require_not_revoked(str(pipe), ONE)

"""A host's effective configuration as a block of a file: ssh reads back what it said."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from torchard.remote.host_block import render_host
from torchard.remote.ssh_config import parse_answer

WRITTEN = """Host studio
  HostName 192.0.2.11
  Port 2222
  User "lab admin"
  IdentityFile "~/.ssh/a key"
  IdentityFile /keys/%h
  IdentitiesOnly yes
  HostKeyAlias studio-key
  CheckHostIP yes
  RevokedHostKeys /etc/ssh/revoked
  ProxyJump gate,inner
  AddressFamily inet
  BindAddress 127.0.0.1
  KexAlgorithms curve25519-sha256
  PreferredAuthentications publickey
"""


def ask_ssh(file, name):
    """Return what OpenSSH would do for a host under a file."""
    words = ["ssh", "-G", "-F", str(file), name]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("written", [WRITTEN, "Host studio\n  ProxyCommand nc %h %p\n", ""])
def test_ssh_reads_in_the_block_what_it_said(tmp_path, written):
    """A block made of an answer gets the same answer, under any other name of the host."""
    (tmp_path / "own").write_text(written)
    effective = parse_answer("studio", ask_ssh(tmp_path / "own", "studio"))
    known = ["/lab/known hosts", "~/.ssh/known_hosts"]
    (tmp_path / "ours").write_text(render_host("mac-1", effective, known))
    again = parse_answer("studio", ask_ssh(tmp_path / "ours", "mac-1"))
    home = str(Path.home())
    assert again.user_known_hosts == f"/lab/known hosts {home}/.ssh/known_hosts"
    files = {"user_known_hosts": again.user_known_hosts, "global_known_hosts": "/dev/null"}
    assert again == replace(effective, **files)

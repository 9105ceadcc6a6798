"""Why a Mac is unreachable, from the real errors of pyinfra and paramiko."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest
from paramiko import (
    AuthenticationException,
    ECDSAKey,
    SSHException,
)
from paramiko.ssh_exception import NoValidConnectionsError
from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors.ssh_util import raise_connect_error

from torchard.errors import TorchardError
from torchard.lab.model import MacHost, Position, Ssh
from torchard.remote.host_keys import (
    ChangedHostKeyError,
    OtherHostKeyError,
    UnknownHostKeyError,
    describe_key,
)
from torchard.remote.unreachable import (
    DeniedError,
    ReachError,
    explain_error,
    explain_lost_connection,
)

KEY, OLD = ECDSAKey.generate(), ECDSAKey.generate()
KNOWN_HOSTS = str(Path("~/.ssh/known_hosts").expanduser())
MAC = MacHost("studio-01", address="192.0.2.11", ssh=Ssh(user="admin"))
ODD = MacHost(
    "studio-02",
    address="192.0.2.12",
    ssh=Ssh(user="admin", port=2222, key="/keys/lab", known_hosts="/lab/known hosts"),
)


def connecting(error):
    """Return what pyinfra's SSH connector raises for an error."""
    try:
        try:
            raise error
        except type(error) as caught:
            raise_connect_error(None, "some words of pyinfra", caught)
    except ConnectError as made:
        return made


def refused(number):
    """Return paramiko's error for one address that it could not connect to."""
    return NoValidConnectionsError({("192.0.2.11", 22): OSError(number, "some words")})


@pytest.mark.parametrize(
    ("error", "begins", "says"),
    [
        (refused(errno.ECONNREFUSED), "192.0.2.11 refused the connection", "Remote Login"),
        (refused(errno.EHOSTUNREACH), "there is no route to 192.0.2.11", "network"),
        (OSError(errno.ENETUNREACH, "x"), "there is no route to 192.0.2.11", "network"),
        (TimeoutError("timed out"), "192.0.2.11 did not answer in time", "awake"),
        (socket.gaierror(8, "nodename"), "192.0.2.11 is a name that does not", "`address:`"),
        (OSError(errno.EMFILE, "Too many"), "192.0.2.11 cannot be connected to", "Too many"),
        (
            UnknownHostKeyError("192.0.2.11", KEY, KNOWN_HOSTS),
            f"the host key of 192.0.2.11 is not known; it shows {describe_key(KEY)}; ",
            "`torchard keys trust studio-01`",
        ),
        (
            ChangedHostKeyError("192.0.2.11", KEY, KNOWN_HOSTS, OLD),
            "the host key of 192.0.2.11 is not the one that is known",
            f"shows {describe_key(KEY)}, and {describe_key(OLD)} is known; somebody may be",
        ),
        (
            OtherHostKeyError("192.0.2.11", KEY, "/dev/null", OLD.fingerprint),
            "the host key of 192.0.2.11 is not the lab's",
            f"shows {describe_key(KEY)}, and ssh.fingerprint is {OLD.fingerprint};",
        ),
        (
            AuthenticationException("Authentication failed."),
            "192.0.2.11 accepts none of your keys",
            "`ssh-copy-id admin@192.0.2.11`",
        ),
        (
            DeniedError("192.0.2.11", 2),
            "192.0.2.11 accepts none of your keys",
            "`ssh-copy-id admin@192.0.2.11`",
        ),
        (
            DeniedError("192.0.2.11", 1, ["/k has a passphrase; run `ssh-add /k`"]),
            "192.0.2.11 accepts none of your keys; /k has a passphrase",
            "`ssh-add /k`",
        ),
        (
            ReachError("192.0.2.11 is locked; unlock it"),
            "192.0.2.11 is locked",
            "unlock it",
        ),
        (SSHException("some new words"), "192.0.2.11 cannot be connected to", "some new words"),
        (EOFError(), "192.0.2.11 cannot be connected to", "EOFError"),
    ],
    # Fixed names: the keys differ in each worker.
    ids=[
        *("refused", "no route to the host", "no route to the network", "no answer", "no address"),
        *("too many files", "unknown key", "changed key", "not the lab's key", "no key accepted"),
        *("denied", "passphrase", "locked", "SSH error", "end of file"),
    ],
)
def test_a_failed_connection_has_a_cause_and_what_to_do(error, begins, says):
    """The message says what was found, then what to check or type, without pyinfra's words."""
    said = explain_error(connecting(error), MAC)
    assert said.startswith(begins)
    assert says in said
    assert "pyinfra" not in said
    assert len(said.splitlines()) == 1


def test_what_to_type_has_the_labs_own_port_key_and_known_hosts():
    """Commands are quoted, and complete for a Mac with unusual SSH settings."""
    changed = ChangedHostKeyError("[192.0.2.12]:2222", KEY, "/lab/known hosts", OLD)
    said = explain_error(connecting(changed), ODD)
    first = "run `ssh-keygen -R '[192.0.2.12]:2222' -f '/lab/known hosts'`"
    assert f"{first} and `torchard keys trust {ODD.name}" in said
    denied = AuthenticationException("Authentication failed.")
    assert "`ssh-copy-id -i /keys/lab -p 2222 admin@192.0.2.12`" in explain_error(
        connecting(denied), ODD
    )


def test_the_lab_file_is_named_if_it_is_not_the_default(monkeypatch):
    """Without a lab, a command reads inventory/lab.yaml, or that of TORCHARD_LAB."""
    monkeypatch.delenv("TORCHARD_LAB", raising=False)
    unknown = connecting(UnknownHostKeyError("192.0.2.11", KEY, KNOWN_HOSTS))
    usual = MacHost("studio-01", where=Position("inventory/lab.yaml", 5, 3))
    assert explain_error(unknown, usual).endswith("run `torchard keys trust studio-01`")
    other = MacHost("studio-01", where=Position("/the lab.yaml", 5, 3))
    assert explain_error(unknown, other).endswith(
        "run `torchard keys trust studio-01 '/the lab.yaml'`"
    )
    monkeypatch.setenv("TORCHARD_LAB", "/the lab.yaml")
    assert explain_error(unknown, other).endswith("run `torchard keys trust studio-01`")


def test_a_lost_connection_has_one_message():
    """Every cause has the same message, as the advice is the same."""
    for error in (EOFError(), SSHException("Channel closed."), OSError("Socket is closed")):
        assert explain_error(error, MAC) == explain_lost_connection(MAC)
    assert "the same command again" in explain_lost_connection(ODD)
    assert "192.0.2.12:2222" in explain_lost_connection(ODD)


def test_this_very_mac_has_no_connection_to_lose():
    """An error of this machine's own files is reported unchanged."""
    here = MacHost("this-mac", connection="local")
    assert explain_error(OSError(errno.ENOSPC, "No space left"), here) == (
        "OSError: [Errno 28] No space left"
    )


def test_an_error_of_torchard_stays_as_it_is():
    """Our own errors are complete; an unexpected error keeps its name."""
    assert explain_error(TorchardError("it runs Linux, not macOS", "Go."), MAC) == (
        "it runs Linux, not macOS\n  Go."
    )
    said = explain_error(KeyError("x"), MAC)
    assert said.startswith("Torchard cannot handle what this Mac answered (KeyError: 'x');")

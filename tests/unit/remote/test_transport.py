"""What a server sends before anybody has logged in is bounded."""

from __future__ import annotations

import socket
import struct

import pytest
from paramiko import SSHException

from torchard.remote.transport import MOST_BANNER, Transport

GREETING = b"SSH-2.0-OpenSSH_9.9\r\n"
PACKET = struct.pack(">I", 2**31 - 4) + bytes(60)


@pytest.mark.parametrize(
    ("sent", "error"),
    [(b"x" * (MOST_BANNER + 1000), "protocol banner"), (GREETING + PACKET, "is too large")],
    ids=["a banner without end", "a packet of 2 GiB"],
)
def test_a_server_cannot_fill_the_memory_before_a_login(sent, error):
    """The connection ends as soon as more is announced or sent than any server does."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(sent)
        transport = Transport(ours)
        try:
            with pytest.raises(SSHException, match=error):
                transport.start_client(timeout=30)
        finally:
            transport.close()

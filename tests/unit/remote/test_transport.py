"""What a server sends is bounded, and nobody alters it on its way."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from hashlib import sha256

import paramiko
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from paramiko import (
    AUTH_SUCCESSFUL,
    OPEN_SUCCEEDED,
    Message,
    ServerInterface,
    SSHException,
    common,
)
from paramiko.packet import Packetizer

from torchard.remote.transport import MOST_BANNER, MOST_UNREAD, Transport

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


class AnyLogin(ServerInterface):
    """A server that lets everybody in."""

    def check_auth_none(self, _username):
        return AUTH_SUCCESSFUL

    def check_channel_request(self, _kind, _number):
        return OPEN_SUCCEEDED


@pytest.mark.parametrize("by_stderr", [False, True])
def test_a_server_that_ignores_the_window_is_left(by_stderr):
    """Nobody reads what it sends, so it would fill the memory."""
    ours, theirs = socket.socketpair()
    server, client = paramiko.Transport(theirs), Transport(ours)
    try:
        server.add_server_key(paramiko.ECDSAKey.generate())
        server.start_server(threading.Event(), AnyLogin())
        client.start_client(timeout=30)
        client.auth_none("ada")
        channel = client.open_session(timeout=30)
        sender = server.accept(30)
        sender.out_window_size = 1 << 30
        send = sender.sendall_stderr if by_stderr else sender.sendall
        with suppress(OSError, EOFError):
            send(bytes(2 * MOST_UNREAD))
        client.join(30)
        assert channel.closed
        assert "nobody had asked for" in str(client.get_exception())
    finally:
        client.close()
        server.close()


@pytest.mark.parametrize("altered", [None, 7, -1], ids=["no byte", "a byte", "a byte of its code"])
def test_a_packet_that_was_altered_on_its_way_ends_the_connection(altered):
    """Its authentication code is not the one that the receiver computes."""
    key = bytes(16)
    (into, out), (sent, read) = socket.socketpair(), socket.socketpair()
    with into, out, sent, read:
        sender, receiver = Packetizer(into), Packetizer(read)
        sender.set_outbound_cipher(
            Cipher(AES(key), CTR(key)).encryptor(), 16, sha256, 32, b"secret", sdctr=True, etm=True
        )
        receiver.set_inbound_cipher(
            Cipher(AES(key), CTR(key)).decryptor(), 16, sha256, 32, b"secret", etm=True
        )
        message = Message()
        message.add_byte(b"\x5e")
        message.add_string("what a Mac says")
        sender.send_message(message)
        packet = bytearray(out.recv(1000))
        if altered is not None:
            packet[altered] ^= 1
        sent.sendall(packet)
        if altered is None:
            kind, found = receiver.read_message()
            assert (kind, found.get_text()) == (0x5E, "what a Mac says")
        else:
            with pytest.raises(SSHException, match="Mismatched MAC"):
                receiver.read_message()


def packet(kind, *parts):
    """Return a packet; its parts are numbers and texts."""
    message = Message()
    message.add_byte(bytes([kind]))
    for part in parts:
        (message.add_int if isinstance(part, int) else message.add_string)(part)
    return message


@pytest.mark.parametrize(
    ("kind", "parts", "is_progress"),
    [
        (common.MSG_CHANNEL_OPEN_SUCCESS, (0, 0, 1000, 1000), True),
        (common.MSG_CHANNEL_SUCCESS, (0,), True),
        (common.MSG_CHANNEL_WINDOW_ADJUST, (0, 32768), True),
        (common.MSG_CHANNEL_DATA, (0, "data"), True),
        (common.MSG_CHANNEL_EXTENDED_DATA, (0, 1, "data"), True),
        (common.MSG_CHANNEL_REQUEST, (0, "exit-status"), True),
        (common.MSG_CHANNEL_EOF, (0,), True),
        (common.MSG_CHANNEL_CLOSE, (0,), True),
        (common.MSG_CHANNEL_REQUEST, (0, "keepalive@openssh.com"), False),
        (common.MSG_CHANNEL_REQUEST, (), False),
        (common.MSG_GLOBAL_REQUEST, ("keepalive@openssh.com",), False),
        (common.MSG_REQUEST_SUCCESS, (), False),
        (common.MSG_REQUEST_FAILURE, (), False),
        (common.MSG_IGNORE, ("data",), False),
        (common.MSG_DEBUG, (0, "data"), False),
        (common.MSG_UNIMPLEMENTED, (0,), False),
        (common.MSG_KEXINIT, (), False),
    ],
)
def test_a_sign_of_life_is_not_progress(kind, parts, is_progress):
    """A slow upload goes on, and a program that never answers is not waited for."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transport = Transport(ours)
        transport.heard = 0.0
        sent = packet(kind, *parts)
        Packetizer(theirs).send_message(sent)
        assert transport.packetizer.read_message()[1].asbytes() == sent.asbytes()[1:]
        assert (transport.heard > 0) is is_progress

"""paramiko's transport: it keeps what a server says, and every wait has an end."""

from __future__ import annotations

import hmac
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import paramiko.util
from paramiko import Message, SSHException
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_FAILURE,
    MSG_CHANNEL_OPEN_FAILURE,
    MSG_CHANNEL_OPEN_SUCCESS,
    MSG_CHANNEL_REQUEST,
    MSG_CHANNEL_SUCCESS,
    MSG_CHANNEL_WINDOW_ADJUST,
    cMSG_SERVICE_REQUEST,
    cMSG_USERAUTH_REQUEST,
)
from paramiko.transport import ServiceRequestingTransport

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BANNER = 64 * 1024  # bytes before the key exchange; OpenSSH reads 1,024 lines of 8 KiB
MOST_PACKET = 1024 * 1024  # bytes; OpenSSH takes 256 KiB
MOST_UNREAD = 4 * 1024 * 1024  # bytes of one channel; no server sends more than the window, 2 MiB
_TICK = 0.1  # seconds between two looks at whether the connection still lives
# RFC 4254, 5: answers, data, and the room for more data.
_PROGRESS = {
    MSG_CHANNEL_OPEN_SUCCESS, MSG_CHANNEL_OPEN_FAILURE, MSG_CHANNEL_WINDOW_ADJUST,
    MSG_CHANNEL_DATA, MSG_CHANNEL_EXTENDED_DATA, MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_SUCCESS, MSG_CHANNEL_FAILURE,
}  # fmt: skip
_ENDS = {b"exit-status", b"exit-signal"}

# paramiko compares the authentication code of each packet in a loop over its bytes. That is a
# twentieth of the CPU of a plan, and python's own comparison is in C.
paramiko.util.constant_time_bytes_eq = hmac.compare_digest  # type: ignore[assignment]


def _bound(feed: Callable[[Any, Message], None]) -> Callable[[Any, Message], None]:
    """Return what takes data for a channel, and ends the connection if too much is not read."""

    def take(channel: Any, message: Message) -> None:
        feed(channel, message)
        if len(channel.in_buffer) + len(channel.in_stderr_buffer) > MOST_UNREAD:
            raise SSHException(f"more than {MOST_UNREAD} bytes came that nobody had asked for")

    return take


class Transport(ServiceRequestingTransport):
    """A transport that asks once whether a login is possible, however many keys follow.

    paramiko's older one asks before each key, which OpenSSH accepts and other servers do not.
    `before` has the server's lines before its SSH banner. `goodbye` is the reason that it gives
    when it ends the connection. `opened` counts the channels of this transport. `heard` is when
    the last packet about a channel came, by the monotonic clock.
    """

    # paramiko itself keeps all that comes.
    _channel_handler_table: ClassVar[dict[int, Callable[[Any, Message], None]]] = {
        kind: _bound(feed) if kind in {MSG_CHANNEL_DATA, MSG_CHANNEL_EXTENDED_DATA} else feed
        for kind, feed in ServiceRequestingTransport._channel_handler_table.items()  # type: ignore[attr-defined]  # noqa: SLF001
    }

    def __init__(self, sock: Any, **options: Any) -> None:
        super().__init__(sock, **options)
        self.before: list[str] = []
        self.goodbye: str | None = None
        self.opened = 0
        self.heard = time.monotonic()
        self._accepted = threading.Event()
        packets: Any = self.packetizer
        read = packets.readline

        def readline(timeout: float) -> str:
            line: str = read(timeout)
            self.before.append(line)
            return line

        packets.readline = readline
        receive = packets.read_message

        def read_message() -> Any:
            kind, message = receive()
            if _is_progress(kind, message):
                self.heard = time.monotonic()
            return kind, message

        packets.read_message = read_message
        self._bound_packets(packets)

    @staticmethod
    def _bound_packets(packets: Any) -> None:
        """Refuse a banner without end, and a packet that says it is larger than any is."""
        read_text, read_all = packets._read_timeout, packets.read_all  # noqa: SLF001
        left = MOST_BANNER

        def read_timeout(timeout: float) -> bytes:
            nonlocal left
            data: bytes = read_text(timeout)
            left -= len(data)
            if left < 0:
                raise SSHException("Error reading SSH protocol banner: it is too long")
            return data

        def read_packet(size: int, check_rekey: bool = False) -> Any:  # noqa: FBT001, FBT002  # paramiko's own
            if size > MOST_PACKET:
                raise SSHException(f"a packet of {size} bytes is too large")
            return read_all(size, check_rekey)

        packets._read_timeout, packets.read_all = read_timeout, read_packet  # noqa: SLF001

    def _parse_disconnect(self, m: Message) -> None:
        m.get_int()
        self.goodbye = m.get_text()

    def _parse_service_accept(self, m: Message) -> None:
        super()._parse_service_accept(m)  # type: ignore[misc]  # its stubs lack it
        self._accepted.set()

    def open_channel(self, *what: Any, **options: Any) -> Any:
        """Open a channel, and count it."""
        channel = super().open_channel(*what, **options)
        self.opened += 1
        return channel

    def ensure_session(self) -> None:
        """Ask once whether a login is possible. Raise SSHException if the connection ends."""
        if not self._accepted.is_set() and self.is_active():
            message = Message()
            message.add_byte(cMSG_SERVICE_REQUEST)
            message.add_string("ssh-userauth")
            self._send_message(message)  # type: ignore[attr-defined]
            end = time.monotonic() + self.auth_timeout
            while self.is_active() and time.monotonic() < end and not self._accepted.wait(_TICK):
                pass
            self.auth_handler = _Handler(self)
        if not self._accepted.is_set() or not self.is_active():
            raise SSHException("the connection ended before the login")


def _is_progress(kind: int, message: Message) -> bool:
    """Tell whether a packet belongs to what a channel is used for.

    A sign of life is not progress: the server process sends it, even if the program behind it
    hangs. OpenSSH sends `keepalive@openssh.com` as a request of a channel.
    """
    if kind != MSG_CHANNEL_REQUEST:
        return kind in _PROGRESS
    message.get_int()  # the number of the channel
    name = message.get_string()
    message.rewind()
    return name in _ENDS


class _Handler(AuthOnlyHandler):
    """A login that listens before it sends: paramiko's own may miss a quick answer."""

    def send_auth_request(
        self, username: str, method: str, finish_message: Callable[[Message], None] | None = None
    ) -> list[str]:
        """Send one request and wait for its answer."""
        self.auth_method, self.username = method, username
        self.auth_event = threading.Event()
        message = Message()
        message.add_byte(cMSG_USERAUTH_REQUEST)
        for text in (username, "ssh-connection", method):
            message.add_string(text)
        if finish_message is not None:
            finish_message(message)
        transport: Any = self.transport
        with transport.lock:
            transport._send_message(message)  # noqa: SLF001
        more: list[str] = self.wait_for_response(self.auth_event)
        return more

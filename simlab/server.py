"""All simulated Macs of a lab in one process: an SSH server on a loopback port for each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from simlab import disk, faults, keys, macs
from simlab.session import OF_COMMANDS, OF_FILES, Command, Session
from simlab.sshd import LOCKED, TOO_MANY_STARTUPS, TOO_MANY_TRIES, read_sshd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simlab.spec import MacSpec

ADDRESS = "127.0.0.1"
_KEX = ("curve25519-sha256", "curve25519-sha256@libssh.org")  # the quick ones
_POLL = 0.25  # seconds between two looks at mac.json for a port to close or open


class _Login(asyncssh.SSHServer):
    """Public keys only, and only the lab's own, for any user name, within the limits of an sshd."""

    def __init__(self, mac: MacServer) -> None:
        self._mac = mac
        self._sshd = read_sshd(mac.mac().sshd)
        self._refused: set[bytes] = set()
        self._sessions = 0
        self._starting = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._starting = True
        self._mac.starting += 1

    def _started(self) -> None:
        if self._starting:
            self._starting = False
            self._mac.starting -= 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._started()

    async def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        if self._mac.mac().fault == "silent_login":
            await asyncio.Event().wait()
        banner = LOCKED if self._sshd.locked else self._mac.mac().banner
        if banner:
            self._conn.send_auth_banner(banner)
        return True

    def public_key_auth_supported(self) -> bool:
        return not self._sshd.locked

    def password_auth_supported(self) -> bool:
        return self._sshd.locked

    def kbdint_auth_supported(self) -> bool:
        return False

    def validate_password(self, username: str, password: str) -> bool:  # noqa: ARG002
        return False

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        if key.public_data == self._mac.user_key:
            return True
        self._refused.add(key.public_data)
        if len(self._refused) >= self._sshd.tries:
            # asyncssh writes its own answer after this; sshd writes none.
            self._conn.disconnect(asyncssh.DISC_PROTOCOL_ERROR, TOO_MANY_TRIES)
        return False

    def auth_completed(self) -> None:
        self._started()
        self._mac.count("logins")
        if self._sshd.denies:
            self._conn.abort()

    def connection_requested(
        self, dest_host: str, *_: object
    ) -> bool | asyncssh.SSHTCPSession[bytes]:
        if not self._sshd.forwards or dest_host not in {ADDRESS, "localhost", "::1"}:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed"
            )
        self._mac.count("forwards")
        return asyncssh.SSHTCPSession() if self._mac.mac().fault == "silent_forwards" else True

    def session_requested(self) -> Session:
        if self._sessions >= self._sshd.sessions:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "open failed")
        self._sessions += 1
        mac = self._mac
        return Session(mac.root, mac.before_command, mac.before_file, mac.started, self._closed)

    def _closed(self) -> None:
        self._sessions -= 1


class MacServer:
    """One Mac's port. It stays bound while it refuses, so that nobody else can take it."""

    def __init__(self, root: Path, user_key: bytes, port: int | None) -> None:
        self.root = root
        self.user_key = user_key
        self.port = 0
        self.sessions: set[int] = set()
        self.starting = 0
        self._listener: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._running: set[Command] = set()
        self._host_keys = {
            False: asyncssh.read_private_key(root / keys.HOST_KEY),
            True: asyncssh.read_private_key(root / keys.OTHER_HOST_KEY),
        }
        self._socket = self._bind(port)

    def _bind(self, port: int | None) -> socket.socket:
        """Take a port without listening: who connects is refused."""
        for choice in (port or 0, 0):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)  # noqa: FBT003 (the socket module's own signature)
            try:
                sock.bind((ADDRESS, choice))
            except OSError:
                sock.close()
                if choice == 0:
                    raise
                continue
            self.port = sock.getsockname()[1]
            return sock
        raise AssertionError("port 0 binds or raises")

    def mac(self) -> MacSpec:
        """Return the Mac as mac.json has it now; while somebody is writing it, as it was."""
        return macs.read(self.root)

    def refresh(self) -> None:
        """Open or close the port, and give the disk its size, as mac.json says."""
        fault = self.mac().fault
        refuse = fault == "refuse"
        disk.resize(macs.home(self.root), fault)
        if refuse and self._listener is not None:
            self._listener.cancel()
            self._listener = None
            self._socket.close()
            self._socket = self._bind(self.port)
        elif not refuse and self._listener is None:
            self._socket.listen(128)
            self._listener = asyncio.get_running_loop().create_task(self._accept())

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(self._socket)
            except OSError:  # too many open files: the next may find room again
                await asyncio.sleep(_POLL)
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = loop.create_task(self._serve(sock))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, sock: socket.socket) -> None:
        self.count("connections")
        if self.starting >= read_sshd(self.mac().sshd).startups:
            with contextlib.suppress(OSError):
                sock.send(TOO_MANY_STARTUPS)
            sock.close()
            return
        try:
            connection = await asyncssh.run_server(
                sock,
                server_factory=lambda: _Login(self),
                server_host_keys=[self._host_keys[self.mac().fault == "hostkey"]],
                server_version="OpenSSH_simlab",
                kex_algs=_KEX,
                compression_algs=["none"],
                encoding=None,
                allow_pty=False,
                allow_scp=False,
                gss_host=None,
            )
            await connection.wait_closed()
        except (OSError, asyncssh.Error):
            sock.close()  # the client went away, or had no key

    def count(self, what: str) -> None:
        """Add one to a number that tests read: connections, logins, forwards."""
        file = self.root / what
        file.write_text(f"{int(file.read_text()) + 1 if file.exists() else 1}", encoding="utf-8")

    def before_command(self) -> str:
        """Count a command while a fault counts them; say what becomes of it."""
        return self._reached(*OF_COMMANDS) or "run"

    def before_file(self) -> str:
        """Count a change of a file by SFTP while a fault counts them; say what becomes of it."""
        return self._reached(*OF_FILES) or "run"

    def _reached(self, *kinds: str) -> str | None:
        return faults.count_event(self.mac().fault, kinds, self.root / "commands")

    def started(self, pid: int, command: Command) -> None:
        """Remember a process, so that asyncio keeps it and the end of the lab finds it."""
        self.sessions.add(pid)
        self._running.add(command)
        task = asyncio.get_running_loop().create_task(command.wait())
        task.add_done_callback(lambda _: self._running.discard(command))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def close(self) -> None:
        """Close the port and every connection; what runs on the Mac is left to `reap`."""
        tasks = list(self._connections)
        if self._listener is not None:
            tasks.append(self._listener)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()


class Servers:
    """The ports of all Macs of a lab below `directory`."""

    def __init__(
        self, directory: Path, roots: Mapping[str, Path], wanted: Mapping[str, int]
    ) -> None:
        """Bind a port for each Mac: the one that is wanted for it where that is free."""
        user_key = asyncssh.read_public_key(directory / f"{keys.USER_KEY}.pub").public_data
        self.macs = {
            name: MacServer(root, user_key, wanted.get(name)) for name, root in roots.items()
        }
        self.ports = {name: mac.port for name, mac in self.macs.items()}

    def refresh(self) -> None:
        """Do at once what the mac.json files say of ports."""
        for mac in self.macs.values():
            mac.refresh()

    async def run(self) -> None:
        """Serve until cancelled; then end every process that was started on a Mac."""
        try:
            while True:
                self.refresh()
                await asyncio.sleep(_POLL)
        finally:
            await asyncio.gather(*(mac.close() for mac in self.macs.values()))
            for mac in self.macs.values():
                reap(mac.sessions, mac.root)


def reap(sessions: set[int], root: Path) -> None:
    """Kill what is left of the sessions that commands on a Mac began, whatever its group."""
    for pid in _pids():
        try:
            mine = os.getsid(pid) in sessions and pid != os.getpid()
        except OSError:
            continue
        if mine and _belongs(pid, root):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue


def _belongs(pid: int, root: Path) -> bool:
    """Tell whether a process works below `root`: a session's number may have a new owner."""
    folder = Path(f"/proc/{pid}")
    if not folder.is_dir():
        return True  # macOS has no /proc, and gives numbers out again only after long
    try:
        if (folder / "cwd").resolve().is_relative_to(root):
            return True
        return os.fsencode(f"HOME={root}") in (folder / "environ").read_bytes()
    except OSError:
        return False


def _pids() -> Iterator[int]:
    folder = Path("/proc/self")
    if folder.is_dir():
        yield from (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
        return
    import subprocess  # noqa: PLC0415 (macOS hosts only)

    listing = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=False)
    yield from (int(word) for word in listing.stdout.split())

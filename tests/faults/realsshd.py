"""OpenSSH's own server in front of a simulated Mac: what asyncssh does otherwise would show."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from simlab import macs

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
SFTP_SERVER = next(
    (
        path
        for path in map(
            Path,
            (
                "/usr/lib/openssh/sftp-server",
                "/usr/libexec/sftp-server",
                "/usr/libexec/openssh/sftp-server",
                "/usr/lib/ssh/sftp-server",
            ),
        )
        if path.exists()
    ),
    None,
)


NO_SFTP = "# without SFTP"


def missing() -> str | None:
    """Return why no sshd can be run here, if so."""
    if not SSHD or SFTP_SERVER is None:
        return "there is no OpenSSH server here"
    if os.geteuid() == 0 and not Path("/run/sshd").is_dir():
        return "sshd, started by root, wants /run/sshd"
    return None


class Sshd:
    """A server on a loopback port. `asked` is what it was given to run, in order."""

    def __init__(self, directory: Path, public_key: Path, root: Path | None, *first: str) -> None:
        """Write its configuration; `root` is that of a Mac, without which none can log in.

        `first` are lines that count before its own.
        """
        directory.mkdir()
        self.directory, self.root = directory, root
        self.port = _free_port()
        self.log: list[str] = []
        enter = directory / "enter"
        enter.write_text(self._enter(), encoding="utf-8")
        enter.chmod(0o755)
        lines = [
            *first,
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"AuthorizedKeysFile {public_key}",
            f"ForceCommand {enter}",
            # The account's shell starts it. Its startup files are this machine's, not a Mac's.
            f"SetEnv HOME={directory}",
            *([] if NO_SFTP in first else [f"Subsystem sftp {SFTP_SERVER}"]),
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "LogLevel VERBOSE",
        ]
        for kind in ("ed25519", "ecdsa", "rsa"):
            key = directory / f"host_{kind}"
            subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key], check=True)
            lines.append(f"HostKey {key}")
        (directory / "config").write_text("\n".join([*lines, ""]), encoding="utf-8")

    def _enter(self) -> str:
        """Return the script that makes of a login one on the Mac: its environment, its shell."""
        if self.root is None:
            return "#!/bin/sh\necho 'this is not a Mac' >&2\nexit 1\n"
        where = shlex.quote(str(self.directory))
        account = [f"{key}={value}" for key, value in macs.environment(self.root).items()]
        shell = shlex.quote(macs.login_shell(self.root))
        return (
            "#!/bin/sh\n"
            f"echo $PPID >{where}/session\n"
            f"echo asked >>{where}/asked\n"
            f"cd {shlex.quote(str(macs.home(self.root)))} || exit 1\n"
            f"exec env -i {shlex.join(account)} {shell}"
            ' ${SSH_ORIGINAL_COMMAND+-c "$SSH_ORIGINAL_COMMAND"}\n'
        )

    @property
    def asked(self) -> int:
        """How many commands it was given, those for SFTP included."""
        file = self.directory / "asked"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def known(self, kind: str = "ed25519") -> str:
        """Return the line of a file of known hosts that one of its keys makes."""
        words = (self.directory / f"host_{kind}.pub").read_text(encoding="utf-8").split()[:2]
        return f"[127.0.0.1]:{self.port} {' '.join(words)}\n"

    def fingerprint(self, kind: str = "ed25519") -> str:
        """Return what `ssh-keygen -lf` prints of one of its keys."""
        command = ["ssh-keygen", "-lf", str(self.directory / f"host_{kind}.pub")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout.split()[1]

    def cut(self) -> None:
        """Cut the connection that got the last command."""
        os.kill(int((self.directory / "session").read_text()), signal.SIGKILL)

    @contextmanager
    def running(self) -> Iterator[Sshd]:
        """Start it, and end it and its connections afterwards."""
        assert SSHD is not None
        process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", self.directory / "config"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        listening = threading.Event()

        assert process.stderr is not None
        errors = process.stderr

        def read() -> None:
            for line in errors:
                self.log.append(line)
                if "Server listening on" in line:
                    listening.set()

        reader = threading.Thread(target=read)
        reader.start()
        try:
            assert listening.wait(20), self.log
            yield self
        finally:
            process.terminate()
            process.wait(20)
            reader.join(20)
            errors.close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port

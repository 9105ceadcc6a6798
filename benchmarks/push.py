"""Push one large file to one host and to twenty at once, against `scp` and `ssh 'cat >'`.

    make bench-push

A real OpenSSH server runs on this same machine, and the hosts are folders of it. Every figure
contains the server's cost, so read only the ratios within one run. CPU is that of the controller's
processes, as the operating system counts it.
"""

from __future__ import annotations

import argparse
import getpass
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Took:
    """One run: seconds on the clock, and seconds of CPU of the controller's processes."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Server:
    """A running sshd: its folder, and how to reach it."""

    folder: Path
    port: int

    @property
    def key(self) -> Path:
        """The private key that may log in."""
        return self.folder / "key"

    @property
    def options(self) -> list[str]:
        """The options for OpenSSH's clients: the same key exchange as Torchard's."""
        known = self.folder / "known_hosts"
        words = {
            "IdentityFile": self.key,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": known,
            "StrictHostKeyChecking": "yes",
            "KexAlgorithms": "curve25519-sha256",
        }
        return [
            "-F",
            "none",
            *(word for key, value in words.items() for word in ("-o", f"{key}={value}")),
        ]


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """Run an sshd on a loopback port."""
    for name in ("key", "host"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True
        )
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    sftp = next(
        path
        for path in ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server", "internal-sftp")
        if Path(path).exists() or path == "internal-sftp"
    )
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress {HOST}\nHostKey {folder / 'host'}\nPidFile none\n"
        f"AuthorizedKeysFile {folder / 'key.pub'}\nStrictModes no\nUsePAM no\n"
        f"PermitRootLogin yes\nMaxStartups 100\nSubsystem sftp {sftp}\n",
        encoding="utf-8",
    )
    words = (folder / "host.pub").read_text(encoding="utf-8").split()[:2]
    (folder / "known_hosts").write_text(f"[{HOST}]:{port} {' '.join(words)}\n", encoding="utf-8")
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or "/usr/sbin/sshd"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([program, "-D", "-e", "-f", config], stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    break
            time.sleep(0.05)
        yield Server(folder, port)
    finally:
        server.terminate()
        server.wait()


def timed(commands: Sequence[Sequence[str]], file: Path | None = None) -> Took:
    """Run commands at once and wait for all; each must succeed. `file` is the stdin of each."""
    start = time.monotonic()
    running = []
    for command in commands:
        with (file or Path(os.devnull)).open("rb") as given:
            running.append(subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL))
    cpu = 0.0
    for process in running:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, process.args
        cpu += used.ru_utime + used.ru_stime
    return Took(time.monotonic() - start, cpu)


def push(folder: Path, port: int, file: Path, hosts: int) -> None:
    """Push a file to some hosts at once over Torchard's own connections."""
    import torchard.session  # noqa: F401  # patches the standard library, so it comes first

    # isort: split
    import gevent

    from torchard.remote.client import Client, KeyFile, install_client
    from torchard.remote.uploads import WatchedFile

    install_client()

    def one(number: int) -> None:
        client = Client()
        client.connect(
            HOST,
            port=port,
            username=getpass.getuser(),
            pkey=KeyFile(str(folder / "key")),
            allow_agent=False,
            _pyinfra_ssh_known_hosts_file=str(folder / "known_hosts"),
        )
        with WatchedFile(file, lambda _: None) as content:
            client.put(content, str(folder / f"to-{number}"))
        client.close()

    gevent.joinall([gevent.spawn(one, number) for number in range(hosts)], raise_error=True)


def compare(server: Server, file: Path, hosts: int, runs: int) -> None:
    """Print what each way takes, and its ratio to `scp`."""
    user, to = getpass.getuser(), server.folder / "to"
    port = str(server.port)
    ways: dict[str, Callable[[], Took]] = {
        "scp": lambda: timed(
            [
                [
                    "scp",
                    "-q",
                    *server.options,
                    "-P",
                    port,
                    str(file),
                    f"{user}@{HOST}:{to}-{number}",
                ]
                for number in range(hosts)
            ]
        ),
        "ssh 'cat >'": lambda: timed(
            [
                ["ssh", *server.options, "-p", port, f"{user}@{HOST}", f"cat >{to}-{number}"]
                for number in range(hosts)
            ],
            file,
        ),
        "torchard": lambda: timed(
            [[sys.executable, __file__, "--child", str(server.folder), port, str(file), str(hosts)]]
        ),
        "python alone": lambda: timed(
            [[sys.executable, __file__, "--child", str(server.folder), port, str(file), "0"]]
        ),
    }
    took = {way: [] for way in ways}
    for _ in range(runs):
        for way, run in ways.items():
            took[way].append(run())
            for path in server.folder.glob("to-*"):
                assert path.stat().st_size == file.stat().st_size
                path.unlink()
    base = statistics.median(one.wall for one in took["scp"])
    base_cpu = statistics.median(one.cpu for one in took["scp"])
    for way, found in took.items():
        wall = statistics.median(one.wall for one in found)
        cpu = statistics.median(one.cpu for one in found)
        print(
            f"{hosts:>3} hosts  {way:<13} {wall:6.2f} s {wall / base:5.2f} x"
            f"   CPU {cpu:6.2f} s {cpu / base_cpu:5.2f} x"
        )


def main() -> None:
    """Run the comparison."""
    if sys.argv[1:2] == ["--child"]:
        folder, port, file, hosts = sys.argv[2:]
        push(Path(folder), int(port), Path(file), int(hosts))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--hosts", type=int, nargs="*", default=[1, 20])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        file = folder / "file"
        with file.open("wb") as stream:
            for _ in range(chosen.megabytes):
                stream.write(os.urandom(10**6))
        with running_server(folder) as server:
            for hosts in chosen.hosts:
                compare(server, file, hosts, chosen.runs)


if __name__ == "__main__":
    main()

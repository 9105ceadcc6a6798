"""Push a large file, and small files, to one host and to twenty at once, against `scp`.

    make bench-push
    python benchmarks/push.py --megabytes 30 --hosts 40 --parallel 5 10 20 40

A real OpenSSH server runs on this same machine, and the hosts are folders of it. Every figure
contains the server's cost, so read only the ratios within one run. CPU is that of the controller's
processes, as the operating system counts it.
"""

from __future__ import annotations

import argparse
import getpass
import itertools
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


def push(folder: Path, port: int, files: Sequence[Path], hosts: int, parallel: int) -> None:
    """Push files to some hosts at once over Torchard's own connections."""
    import torchard.session  # noqa: F401  # patches the standard library, so it comes first

    # isort: split
    import gevent

    from torchard.lab.model import Transfers
    from torchard.operations.transfers import find_line
    from torchard.remote.archive import Archive
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
        with find_line(Transfers(parallel)).turns:
            if len(files) > 1:
                named = [(file, file.name) for file in files]
                client.put(Archive(named, lambda *_: None), str(folder / f"to-{number}"))
            else:
                with WatchedFile(files[0], lambda _: None) as content:
                    client.put(content, str(folder / f"to-{number}" / files[0].name))
        client.close()

    gevent.joinall([gevent.spawn(one, number) for number in range(hosts)], raise_error=True)


@dataclass(frozen=True)
class Case:
    """What is pushed to how many hosts, to how many of them at once."""

    files: Sequence[Path]
    hosts: int
    parallel: int

    @property
    def size(self) -> int:
        """The bytes for one host."""
        return sum(file.stat().st_size for file in self.files)

    def form_ways(self, server: Server) -> dict[str, Callable[[], Took]]:
        """Return what pushes it, by its name; the first one is the base."""
        to, at, port = server.folder / "to", f"{getpass.getuser()}@{HOST}", str(server.port)
        copy = ["scp", "-q", *server.options, "-P", port, *map(str, self.files)]
        pipe = ["ssh", *server.options, "-p", port, at]
        child = [sys.executable, __file__, "--child", str(server.folder), port]

        def run_child(hosts: int) -> Took:
            words = [str(hosts), str(self.parallel), *map(str, self.files)]
            return timed([[*child, *words]])

        ways = {
            "scp": lambda: timed([[*copy, f"{at}:{to}-{n}/"] for n in range(self.hosts)]),
            "ssh 'cat >'": lambda: timed(
                [[*pipe, f"cat >{to}-{n}/{self.files[0].name}"] for n in range(self.hosts)],
                self.files[0],
            ),
            "torchard": lambda: run_child(self.hosts),
            "python alone": lambda: run_child(0),
        }
        if len(self.files) > 1:
            del ways["ssh 'cat >'"]
        return ways


def compare(server: Server, case: Case, runs: int) -> None:
    """Print what each way takes, and its ratio to `scp`."""
    ways = case.form_ways(server)
    took: dict[str, list[Took]] = {way: [] for way in ways}
    folders = [server.folder / f"to-{number}" for number in range(case.hosts)]
    for _ in range(runs):
        for way, run in ways.items():
            for folder in folders:
                folder.mkdir()
            took[way].append(run())
            for folder in folders:
                if way != "python alone":
                    assert sum(path.stat().st_size for path in folder.iterdir()) == case.size
                shutil.rmtree(folder)
    base = statistics.median(one.wall for one in took["scp"])
    base_cpu = statistics.median(one.cpu for one in took["scp"])
    print(
        f"\n{case.size / 1e6:.0f} MB in {len(case.files)} files to each of {case.hosts} hosts,"
        f" {case.parallel} at once"
    )
    for way, found in took.items():
        wall = statistics.median(one.wall for one in found)
        cpu = statistics.median(one.cpu for one in found)
        print(
            f"{way:<13} {wall:6.2f} s {wall / base:5.2f} x"
            f"   CPU {cpu:6.2f} s {cpu / base_cpu:5.2f} x",
            flush=True,
        )


def make_files(folder: Path, megabytes: int, count: int) -> list[Path]:
    """Write files of random bytes, `megabytes` in all."""
    folder.mkdir()
    files = [folder / f"file-{number}" for number in range(count)]
    for file in files:
        file.write_bytes(os.urandom(megabytes * 10**6 // count))
    return files


def main() -> None:
    """Run the comparison."""
    if sys.argv[1:2] == ["--child"]:
        where, port, several, at_once, *given = sys.argv[2:]
        push(Path(where), int(port), [*map(Path, given)], int(several), int(at_once))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--hosts", type=int, nargs="*", default=[1, 20])
    parser.add_argument("--files", type=int, nargs="*", default=[1, 60], help="files in all")
    parser.add_argument("--parallel", type=int, nargs="*", default=[20], help="hosts at once")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with running_server(folder) as server:
            for count in chosen.files:
                files = make_files(folder / f"files-{count}", chosen.megabytes, count)
                for hosts, parallel in itertools.product(chosen.hosts, chosen.parallel):
                    compare(server, Case(files, hosts, parallel), chosen.runs)


if __name__ == "__main__":
    main()

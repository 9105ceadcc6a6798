"""Install Miniconda and one environment on a new Mac, against a person's best script.

    make bench
    python benchmarks/first_install.py [--rounds N] [--pip "jupyterlab pandas"]

Both reach the same simulated Mac through a real OpenSSH server, and have all downloads on this
computer. Torchard pushes them; the person's script fetches them from a web server of this computer.
conda and the installer are simulated, so their time is not a Mac's. pip, uv, the compiler and every
wheel are real: the wheels are those that real Macs get, from the index that pip is configured with,
without PyTorch, whose libraries cannot run here. Without an index there is no benchmark.

The person's script does what Torchard promises: curl and sha256, the installer, `conda create` from
an explicit file, `uv pip install` by hashes with compiled modules, then a comparison of every file
with its RECORD and of every version with the lock. It does not wait for locks, keeps no generation
and repairs nothing.

CPU is that of both sides together. The server's part is counted when it ends.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uv
from measure import TORCHARD, Took, compare, print_table, scratch, take_turns, timed

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "faults")]

from realsshd import Sshd, missing  # noqa: E402  # by the path above

from simlab.lab import SimLab  # noqa: E402
from simlab.spec import MacSpec  # noqa: E402
from simlab.up import build_depot  # noqa: E402
from torchard.lock.codec import parse_lock  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torchard.lock.lockfile import Lock

NAME = "studio-01"
PIP = "jupyterlab pandas scipy"

SCRIPT = r"""
set -eu
cd
mkdir -p work
cd work
fetch() {
  curl -fsS -o "$2" "$WEB/$1/$2"
  [ "$(shasum -a 256 <"$2" | cut -d ' ' -f 1)" = "$1" ]
}
fetch "$INSTALLER_SHA256" "$INSTALLER"
/bin/bash "$INSTALLER" -b -p "$HOME/miniconda3" >/dev/null
mkdir channel
while read -r sha256 file subdir; do
  mkdir -p "channel/$subdir"
  fetch "$sha256" "$file"
  mv "$file" "channel/$subdir/$file"
  echo "file://$PWD/channel/$subdir/$file" >>explicit.rest
done <conda.txt
{ echo @EXPLICIT; cat explicit.rest; } >explicit.txt
environment=$HOME/miniconda3/envs/torch
"$HOME/miniconda3/bin/conda" create -y -q -p "$environment" --override-channels \
  -c "file://$PWD/channel" --file explicit.txt >/dev/null
mkdir wheels
while read -r sha256 file; do
  fetch "$sha256" "$file"
  mv "$file" "wheels/$file"
done <wheels.txt
UV_CACHE_DIR=$PWD/cache "$UV" pip install -q --python "$environment/bin/python" --no-deps \
  --require-hashes --no-index --find-links wheels --compile-bytecode -r requirements.txt
"$environment/bin/python" -I verify.py wheels.json
"""

VERIFY = r"""
import base64, csv, hashlib, importlib.metadata, json, sys
for name, version in json.load(open(sys.argv[1])).items():
    found = importlib.metadata.distribution(name)
    assert found.version == version, name
    for path, digest, _ in csv.reader(found.read_text("RECORD").splitlines()):
        if digest.startswith("sha256="):
            content = found.locate_file(path).read_bytes()
            made = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert digest == "sha256=" + made, path
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a loopback port; yield its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def write_lab(lab: SimLab, server: Sshd, pip: str) -> None:
    """Let the lab's Mac be reached through the server, and take wheels from the real index."""
    text = lab.lab_file.read_text(encoding="utf-8")
    rest = text[text.index("groups:\n") :]
    rest = re.sub(r"( +wheels: .*\n)|( +nightly: .*\n)", "", rest)
    rest = re.sub(r"ssh: \{port: \d+\}", f"ssh: {{port: {server.port}}}", rest)
    rest = re.sub(r"known_hosts: .*", "known_hosts: hosts", rest)
    asked = f"{{python: '3.12', pytorch: false, pip: {json.dumps(pip.split())}}}"
    lab.lab_file.write_text(f"environments:\n  torch: {asked}\n{rest}", encoding="utf-8")
    (lab.directory / "hosts").write_text(server.known(), encoding="utf-8")


def write_work(folder: Path, lock: Lock) -> None:
    """Write what a person would have beside the script, in the place where it runs."""
    folder.mkdir(parents=True)
    texts = {
        "conda.txt": "".join(f"{one.sha256} {one.file} {one.subdir}\n" for one in lock.conda),
        "wheels.txt": "".join(f"{one.sha256} {one.file}\n" for one in lock.wheels),
        "requirements.txt": "".join(
            f"{one.name}=={one.version} --hash=sha256:{one.sha256}\n" for one in lock.wheels
        ),
        "wheels.json": json.dumps({one.name: one.version for one in lock.wheels}),
        "verify.py": VERIFY,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


class Bench:
    """One Mac, which each round finds as new, and both ways to install on it."""

    def __init__(self, lab: SimLab, server: Sshd, web: str, installer: Path) -> None:
        self.lab, self.server, self.web, self.installer = lab, server, web, installer
        self.home = lab.macs[NAME].home
        (lock,) = (lab.directory / "locks" / lab.lab_file.stem).glob("*.json")
        self.lock = parse_lock(lock.read_bytes(), str(lock))

    def clear(self) -> None:
        """Take away all that an installation left."""
        for name in ("miniconda3", ".torchard", ".conda", "work"):
            shutil.rmtree(self.home / name, ignore_errors=True)

    def measure(self, words: list[str]) -> Took:
        """Run a command with a server of its own, and count the CPU seconds of both sides."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with self.server.running():
            took = timed([words])
            time.sleep(1)  # the server collects its sessions a little later
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Took(took.wall, cpu, took.peak)

    def torchard(self) -> Took:
        """Install as Torchard does."""
        self.clear()
        return self.measure([*TORCHARD, "apply", str(self.lab.lab_file), "--locked", "--yes"])

    def script(self) -> Took:
        """Install as the person's script does, over one connection of OpenSSH's client."""
        self.clear()
        write_work(self.home / "work", self.lock)
        given = {
            "WEB": self.web,
            "INSTALLER": self.installer.name,
            "INSTALLER_SHA256": self.installer.parent.name,
            "UV": uv.find_uv_bin(),
        }
        text = "".join(f"{name}={value}\n" for name, value in given.items()) + SCRIPT
        words = {
            "IdentityFile": self.lab.directory / "id_ed25519",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.lab.directory / "hosts",
        }
        options = [word for name, value in words.items() for word in ("-o", f"{name}={value}")]
        host = ["-F", "none", *options, "-p", str(self.server.port), "127.0.0.1"]
        return self.measure(["ssh", *host, text])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pip", default=PIP, help="what the environment asks of the index")
    asked = parser.parse_args()
    if reason := missing():
        print(f"no first install was measured: {reason}")
        return
    with scratch() as directory:
        depot = build_depot(directory / "depot").root
        with SimLab(directory / "lab", [MacSpec(NAME, "arm64", "15.1")], depot) as lab:
            key = lab.directory / "id_ed25519.pub"
            server = Sshd(directory / "sshd", key, lab.macs[NAME].root)
            write_lab(lab, server, asked.pip)
            if subprocess.run([*TORCHARD, "lock", str(lab.lab_file)], check=False).returncode:
                print("no first install was measured: the index cannot be reached")
                return
            files = directory / "artefacts" / "files"
            with serving(files) as web:
                timed([[*TORCHARD, "bundle", str(directory / "bundle"), str(lab.lab_file)]])
                (installer,) = files.glob("*/*.sh")
                bench = Bench(lab, server, web, installer)
                figures = take_turns(
                    {"a person's script": bench.script, "torchard": bench.torchard}, asked.rounds
                )
            size = sum(one.size for one in bench.lock.wheels)
    title = f"First install of {len(bench.lock.wheels)} real wheels, {size / 1e6:.0f} MB"
    print_table(title, compare(figures, "a person's script"), "the script")


if __name__ == "__main__":
    main()

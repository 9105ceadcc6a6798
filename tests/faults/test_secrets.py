"""No secret is repeated: by no command, at no verbosity, in no file, on no Mac.

A canary is wherever a person may keep a secret: in the login of the wheel index, in netrc, in
an agent's key, in variables of the shell, and in the files of an account on a Mac. Logins are used:
the server of wheels and of the installer gives nothing without.
"""

from __future__ import annotations

import base64
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fixed_catalog import PYTHON_M
from warm import client

from simlab import keys
from simlab.lab import SimLab
from simlab.spec import MacSpec

ROOT = Path(__file__).parents[2]
CANARY = "canary7d1fsecret"
LOGIN = f"user:{CANARY}"
OURS = ("UV_", "PIP_", "TORCHARD_")  # settings that the person who runs the tests may have
HEADER = base64.b64encode(LOGIN.encode()).decode()

# What is run of each verb, in this order, once pyinfra has done the first job: LAB is the lab,
# WRONG one at which the login is refused, BAD one that holds secrets where none may stand, KEY one
# whose key has a passphrase (an agent knows it), NEW one whose Macs nobody knows, MORE one that
# asks for more, and for conda in the shells. The numbers are exit codes.
SWEEP: dict[str, list[tuple[int, str]]] = {
    "init": [(0, "new")],
    "schema": [(0, "")],
    "completion": [(0, "zsh")],
    "check": [(1, "BAD")],
    "choose": [(1, "--arch x86_64 --macos 12.7 --python 3.14 --json")],
    "lock": [(1, "WRONG --upgrade"), (0, "MORE")],
    "keys trust": [(0, "NEW --yes")],
    "doctor": [(0, "MORE --json")],
    "plan": [(0, "KEY --json"), (2, "MORE --explain studio-01"), (2, "MORE --out plan.json")],
    "show": [(2, "plan.json --json")],
    "apply": [(3, "WRONG --yes"), (0, "plan.json --yes")],
    "verify": [(0, "MORE --json")],
    "status": [(0, "MORE --full")],
    "report": [(0, "MORE --html report.html --junit report.xml")],
    "export": [(0, "torch MORE --mac studio-01 --format pylock")],
    "import": [(1, "BAD")],
    "unlock": [(0, "studio-01 MORE")],
    "rollback": [(0, "torch MORE --yes")],
    "remove": [(0, "torch MORE --yes")],
    "bundle": [(0, "bundle MORE --json")],
    "depot list": [(0, "MORE")],
    "depot verify": [(0, "MORE --json")],
    "depot clean": [(0, "MORE --keep 30")],
    "catalog matrix": [(0, "")],
    "catalog verify": [(1, "--release 2.6.0")],
    "catalog refresh": [(1, "--from wheels")],
    # It starts simlab, and the verbs above with the settings of this shell.
    "demo": [(1, "--keep LAB")],
}  # fmt: skip


# In a process of its own: importing every command patches the standard library for gevent.
VERBS = """
import click
from torchard.cli.main import cli

def verbs(group, before=""):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            verbs(command, f"{before}{name} ")
        else:
            print(f"{before}{name}")

verbs(cli)
"""


def verbs() -> set[str]:
    """Return the name of every command, those of groups with the group's name."""
    done = subprocess.run(
        [sys.executable, "-c", VERBS], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.splitlines())


class Private(SimpleHTTPRequestHandler):
    """The files of simlab's depot, for those who know the login."""

    def do_GET(self) -> None:
        """Answer a request."""
        if self.headers.get("Authorization") != f"Basic {HEADER}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        (super().do_HEAD if self.command == "HEAD" else super().do_GET)()

    do_HEAD = do_GET  # noqa: N815  # the name that http.server calls

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@dataclass
class Swept:
    """Whatever was printed, by what was typed, and where files were written."""

    where: Path
    warm: Path
    labs: dict[str, Path]
    environment: dict[str, str]
    printed: dict[str, str] = field(default_factory=dict)

    def run_stock(self, *words: str, code: int, **more: str) -> None:
        """Run pyinfra's own command as a person would; keep what it printed."""
        done = subprocess.run(
            [*PYTHON_M, "pyinfra", *words],
            cwd=self.where / "here",
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        self.keep("pyinfra", words, done.stdout + done.stderr, done.returncode, code)

    def run(self, *words: str, code: int, **more: str) -> None:
        """Run the `torchard` command by a fork of its server; keep what it printed."""
        with Path(os.devnull).open("rb") as nothing, tempfile.TemporaryFile() as out:
            got = client.run(
                str(self.warm),
                [*words],
                environment={**self.environment, **more},
                directory=str(self.where / "here"),
                files=(nothing.fileno(), out.fileno(), out.fileno()),
                timeout=240,
            )
            out.seek(0)
            self.keep("torchard", words, out.read().decode(), got, code)

    def keep(self, program: str, words: tuple[str, ...], said: str, got: int, code: int) -> None:
        """Keep what a program printed, which must end with a code."""
        assert got == code, (words, said)
        self.printed[" ".join((program, *words))] = said


def wheel_index(host: str, login: str) -> dict[str, str]:
    """Return the variables that name a private wheel index."""
    return {"UV_DEFAULT_INDEX": f"http://{login}@{host}/simple"}


@pytest.fixture(scope="module")
def private(simlab_depot):
    """The host and port of a server that wants the login."""
    handler = functools.partial(Private, directory=str(simlab_depot.root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def agent():
    """What gives an agent a key whose passphrase is the canary, and returns its socket."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("there is no ssh-agent here")
    # A socket's path has to be short.
    where = Path(tempfile.mkdtemp(prefix="torchard-", dir="/tmp"))
    socket = where / "socket"
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    process.stdout.readline()  # it listens
    ask = where / "ask"
    ask.write_text(f"#!/bin/sh\necho {CANARY}\n", encoding="utf-8")
    ask.chmod(0o700)

    def add(key: Path) -> str:
        subprocess.run(
            ["ssh-keygen", "-q", "-p", "-N", CANARY, "-P", "", "-f", str(key)],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        subprocess.run(
            ["ssh-add", "-q", str(key)],
            env={**os.environ, "SSH_AUTH_SOCK": str(socket), "SSH_ASKPASS": str(ask),
                 "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"},
            stdin=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        return str(socket)

    yield add
    process.terminate()
    process.communicate()
    shutil.rmtree(where)


def account(home: Path) -> None:
    """Write what the account on a Mac keeps for itself."""
    for name, text in {
        ".netrc": f"machine example.org login user password {CANARY}\n",
        ".condarc": f"channels: [https://example.org/t/{CANARY}/channel]\n",
        ".config/pip/pip.conf": f"[global]\nindex-url = https://{LOGIN}@example.org/simple\n",
        ".zshenv": f"export PIP_INDEX_URL=https://{LOGIN}@example.org/simple\n",
        # MORE has conda's block written behind that.
        ".zshrc": f"export HF_TOKEN={CANARY}\n",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def swept(tmp_path_factory, simlab_depot, warm, private, agent):
    """Everything that SWEEP and the stock command do to a Mac, done once."""
    where = tmp_path_factory.mktemp("secrets")
    for name in ("here", "temporary", "depot", "own"):
        (where / name).mkdir()
    with SimLab(where / "lab", [MacSpec("studio-01", "arm64", "15.1")], simlab_depot.root) as lab:
        (mac,) = lab.macs.values()
        account(mac.home)
        lines = lab.lab_file.read_text(encoding="utf-8").splitlines()
        lines = [line for line in lines if not line.strip().startswith(("wheels:", "key:"))]
        text = "\n".join(lines).replace("pytorch: {release: stable}", "pytorch: false")
        web = text.partition('/installers"')[0].rpartition('"')[2]
        text = text.replace(f"{web}/installers", f"http://{private}/installers")
        labs = {
            name: where / f"labs/{name}/lab.yaml"
            for name in ("LAB", "MORE", "WRONG", "BAD", "KEY", "NEW")
        }
        changed = {
            "MORE": text.replace('["einops"]', '["einops", "pytz"]').replace(
                "    groups: [", "    shell: [zsh]\n    groups: ["
            ),
            "NEW": text.replace(str(lab.directory / keys.KNOWN_HOSTS), str(where / "known_hosts")),
            "WRONG": text.replace('["einops"]', '["einops", "six"]'),
            "BAD": bad(private),
            "KEY": text.replace(
                "    ssh:\n", f"    ssh:\n      key: {lab.directory / keys.USER_KEY}\n"
            ),
        }
        for name, path in labs.items():
            path.parent.mkdir(parents=True)
            path.write_text(changed.get(name, text), encoding="utf-8")
        (where / "own/netrc").write_text(f"machine 127.0.0.1 login user password {CANARY}\n")
        secrets = ("SSHPASS", "CONDA_TOKEN", "ANACONDA_API_TOKEN", "BINSTAR_TOKEN", "GITHUB_TOKEN",
                   "HF_TOKEN", "UV_INDEX_LAB_PASSWORD", "UV_PUBLISH_TOKEN", "UV_KEYRING_PASSWORD",
                   "TORCHARD_PASSWORD")  # fmt: skip
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(OURS)},
            **dict.fromkeys(secrets, CANARY),
            **wheel_index(private, LOGIN),
            "PIP_INDEX_URL": f"http://{LOGIN}@{private}/simple",
            "PIP_EXTRA_INDEX_URL": f"http://{LOGIN}@{private}/simple?token={CANARY}",
            "http_proxy": f"http://{LOGIN}@127.0.0.1:1",
            "no_proxy": "127.0.0.1,localhost",
            "CONDA_CHANNEL_ALIAS": f"http://{private}/t/{CANARY}",
            "SSH_AUTH_SOCK": agent(lab.directory / keys.USER_KEY),
            "NETRC": str(where / "own/netrc"),
            "UV_CACHE_DIR": str(where / "own/uv"),
            "UV_HTTP_RETRIES": "0",
            "TORCHARD_DEPOT": str(where / "depot"),
            "TMPDIR": str(where / "temporary"),
            "PYTHONPATH": str(ROOT),
        }
        one = Swept(where, warm, labs, environment)
        stock = (str(ROOT / "inventory/lab.py"), str(ROOT / "deploy.py"), "-vvv", "--debug")
        one.run_stock(*stock, "-y", code=0, TORCHARD_LAB=str(labs["LAB"]))
        for verb, runs in SWEEP.items():
            for code, words in runs:
                given = [str(labs.get(word, word)) for word in words.split()]
                # The index rejects an old login and says so.
                more = (
                    wheel_index(private, f"user:{CANARY}-old")
                    if "WRONG" in words or "catalog" in verb
                    else {}
                )
                one.run(*verb.split(), *given, code=code, **more)
        yield one


def bad(host: str) -> str:
    """Return a lab with secrets in places where some have thought that they belong."""
    url = f"https://{LOGIN}@{host}/t/{CANARY}/x?token={CANARY}#{CANARY}"
    return f"""
environments: {{torch: {{python: "3.12", pip: ["einops @ {url}"], conda: ["{url}::x"]}}}}
groups: {{studio: {{ssh: {{password: {CANARY}, passphrase: {CANARY}}}, token: {CANARY}}}}}
macs:
  studio-01:
    address: "{LOGIN}@192.0.2.1"
    channels: ["{url}"]
    mirrors: {{conda: {{"{url}": "{url}"}}, wheels: "{url}"}}
    miniconda: {{installer: {{url: "{url}", sha256: x}}}}
"""


def test_every_verb_is_swept():
    """A new command has a line in SWEEP: what is run of it, to see that it tells no secret."""
    missing = verbs() ^ set(SWEEP)
    assert not missing, f"write into SWEEP what is to be run of: {', '.join(sorted(missing))}"


def test_a_traceback_holds_no_login():
    """What nobody foresaw may have a URL in its words."""
    text = (
        "from torchard.cli import main as cli\n"
        f"def main(**_): raise ValueError('http://{LOGIN}@host/x')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{text}cli.cli.main = main; cli.main()"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "ValueError: http://host/x" in done.stderr
    assert CANARY not in done.stderr


def test_no_secret_is_printed(swept):
    """Results, JSON, errors and pyinfra's own log at its loudest hold none."""
    assert len(swept.printed) == 1 + sum(map(len, SWEEP.values()))
    telling = [typed for typed, said in swept.printed.items() if CANARY in said or HEADER in said]
    assert telling == []


def test_no_secret_is_written_down(swept):
    """Locks, logs, the depot, the Mac, and what is left of temporary files hold none."""
    own = {".netrc", ".condarc", "pip.conf", ".zshenv", ".zshrc"}
    read = 0
    for path in swept.where.rglob("*"):
        inside = path.relative_to(swept.where).parts
        if (
            not path.is_file()
            or path.is_symlink()
            or path.name.partition(".torchard-aside-")[0] in own
        ):
            continue
        if inside[0] == "own" or inside[1:2] == ("BAD",):
            continue
        content = path.read_bytes()
        read += 1
        assert CANARY.encode() not in content, path
        assert HEADER.encode() not in content, path
    assert read > 100
    logs = list((swept.where / "lab").rglob(".torchard/log/*.log"))
    assert len(logs) == 5
    assert len([log for log in logs if log.stat().st_size]) == 4  # a removal prints nothing

"""Twenty Macs, most of which go wrong, each in its own way: none of them is another one's trouble.

One apply meets them all. A second one meets those whose connection was cut in the first, each at
another command.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from faultlab import commands, count_commands, line_of

from simlab.lab import SimLab
from simlab.spec import MacSpec

if TYPE_CHECKING:
    from simlab.lab import Entry

POISON = b"#!/bin/sh\ntouch $HOME/executed\n"
# The commands that a Mac without anything gets, one after the other. SFTP is not a command.
COMMANDS = (
    "read: who are you",
    "read: is there a Miniconda",
    "make room for the installer",
    "name the installer that was pushed",
    "install",
    "read: is there the environment",
    "make room for the packages",
    "unpack the packages that are pushed",
    "name the packages that were pushed",
    "build, verify and show",
    "read: what is shown",
    "verify what is shown",
    "read: what is there now",
    "read: what the login shell of the account gives to python",
)
# Cut off while such a command starts, or before the next one is sent.
CUTS = {
    "cut-before-all": {"drop_after": COMMANDS.index("read: is there a Miniconda")},
    "cut-pushing": {"drop_during": COMMANDS.index("unpack the packages that are pushed")},
    "cut-installing": {"drop_during": COMMANDS.index("install")},
    "cut-pushed": {"drop_after": COMMANDS.index("name the packages that were pushed")},
    "cut-building": {"drop_during": COMMANDS.index("build, verify and show")},
    "cut-verifying": {"drop_during": COMMANDS.index("verify what is shown")},
}
ARM = {"arch": "arm64", "macos": "15.1"}
MACS = (
    MacSpec("good", **ARM),
    MacSpec("imac", "x86_64", "12.7"),
    MacSpec("no-mps", **ARM, mps=False),
    MacSpec("poisoned", **ARM),
    MacSpec("off", **ARM, fault="refuse"),
    MacSpec("stranger", **ARM),
    MacSpec("changed", **ARM, fault="hostkey"),
    MacSpec("other", **ARM),
    MacSpec("full", **ARM, fault={"disk_free": 1_000_000}),
    MacSpec("taken", **ARM),
    MacSpec("imac-mps", "x86_64", "12.7"),
    MacSpec("ancient", **ARM),
    MacSpec("too-old", "x86_64", "10.12"),
    MacSpec("forged", **ARM),
    *(MacSpec(name, **ARM, fault=fault) for name, fault in CUTS.items()),
)

# Which Macs are left alone, and why. Each blocker has its own test of the full message.
UNTOUCHED = {
    "off": ("unreachable", r"127.0.0.1:\d+ refused the connection; turn Remote Login on there .*"),
    "stranger": ("unreachable", r"the host key of \[127.0.0.1\]:\d+ is not known; it shows .*"),
    "changed": ("unreachable", r"the host key of \S+ is not the one that is known: .*"),
    "other": (
        "blocked",
        r".*/lab.yaml:\d+:3 says it is x86_64, but it is arm64; write arch: arm64, .*",
    ),
    "full": (
        "blocked",
        r"its disk has \d+ [Mk]B free, and Miniconda and these packages need more than 40[2-9] .*",
    ),
    "taken": ("blocked", r"~/miniconda3 exists, and is neither a whole Miniconda nor .*"),
    "imac-mps": ("blocked", r"mps: PyTorch's MPS is not for Intel Macs. Write `backend: cpu` .*"),
    "ancient": ("blocked", r"ancient: .*python 3\.7.* Write `python: .*"),
    "too-old": ("blocked", r"Intel Macs need macOS 10.13 or newer, and this one has 10.12: .*"),
}

ENVIRONMENTS = """\
environments:
  mps: {python: "3.12", pytorch: {backend: mps}}
  ancient: {python: "3.7", pytorch: {}}
  torch:
    python: "3.12"
    pytorch: {with: []}
    pip: [einops]
"""


def _describe(lab):
    """Let the lab file say of some Macs what is not so, or ask too much."""
    text = ENVIRONMENTS + lab.lab_file.read_text()[lab.lab_file.read_text().index("groups:") :]

    def say(name, old, new):
        nonlocal text
        head, mac, tail = text.partition(f"  {name}:\n")
        assert mac
        assert old in tail
        text = head + mac + tail.replace(old, new, 1)

    say("other", "arch: arm64", "arch: x86_64")
    for name, environments in (("imac-mps", "[mps]"), ("ancient", "[ancient]"), ("poisoned", "[]")):
        say(name, "groups:", f"environments: {environments}\n    groups:")
    url = re.search(r'url: "(.*arm64.sh)"', text)[1]
    own = f'miniconda: {{installer: {{url: "{url}", sha256: "{"0" * 64}"}}}}'
    say("forged", "groups:", f"{own}\n    groups:")
    lab.lab_file.write_text(text)


def _arrange(lab):
    """Let the disks, and what is known of the Macs, be as their names say."""
    _describe(lab)
    for name in ("good", "stranger"):
        count_commands(lab.macs[name])
    known_hosts = lab.directory / "known_hosts"
    lines = known_hosts.read_text().splitlines(keepends=True)
    port = lab.macs["stranger"].port
    known_hosts.write_text("".join(line for line in lines if f":{port} " not in line))
    (lab.macs["taken"].home / "miniconda3").mkdir()
    (lab.macs["taken"].home / "miniconda3/thesis.txt").write_text("mine")
    depot = lab.macs["poisoned"].home / ".torchard/depot"
    depot.mkdir(parents=True)
    sha256 = re.search(r'arm64.sh"\n *sha256: "(\w+)"', lab.lab_file.read_text())[1]
    (depot / sha256).write_bytes(POISON)


@dataclass(frozen=True)
class Twenty:
    """The lab, what was on some Macs before and after the first apply, and what that one said."""

    lab: SimLab
    before: dict[str, Entry]
    after: dict[str, Entry]
    code: int
    said: dict[str, Any]

    def computes(self, name: str) -> bool:
        """Tell whether a Mac's environment runs: its python imports torch and adds."""
        program = "import torch; print((torch.ones(2) + 1).tolist())"
        done = self.lab.macs[name].run(f"miniconda3/envs/torch/bin/python -c '{program}'")
        return done.stdout == "[2.0, 2.0]\n"


def of(snapshot, name):
    """Return what is in the home of one Mac, by its path there."""
    return {
        path.partition("/")[2]: entry
        for path, entry in snapshot.items()
        if path.startswith(f"{name}/")
    }


@pytest.fixture(scope="module")
def twenty(tmp_path_factory, simlab_depot, torchard):
    with SimLab(tmp_path_factory.mktemp("twenty") / "lab", MACS, simlab_depot.root) as lab:
        _arrange(lab)
        before = lab.snapshot(*UNTOUCHED)
        done = torchard("apply", lab.lab_file, "--yes", "--json")
        assert not done.stderr
        # Not of those that were cut off: they may still be at work.
        after = lab.snapshot(*UNTOUCHED, "poisoned", "forged")
        yield Twenty(lab, before, after, done.returncode, json.loads(done.stdout))


@pytest.fixture(scope="module")
def again(twenty, torchard):
    """What a second run says of the Macs that were cut off, and what is there then."""
    done = torchard("apply", twenty.lab.lab_file, "--yes", "--json", "--limit", "cut-*")
    return done.returncode, json.loads(done.stdout)["macs"], twenty.lab.snapshot(*CUTS, "good")


def test_every_mac_is_reported_and_the_worst_decides_the_exit_code(twenty):
    """Nobody is missing, and a Mac that failed makes it 1."""
    assert list(twenty.said["macs"]) == [mac.name for mac in MACS]
    assert len(MACS) == 20
    summary = {state: n for state, n in twenty.said["summary"].items() if n}
    assert summary == {"up_to_date": 3, "unreachable": 3, "blocked": 6, "failed": 2 + len(CUTS)}
    assert twenty.code == 1


@pytest.mark.parametrize(
    ("name", "verified"),
    [("good", "arm64, torch 2.15.0, MPS works"), ("imac", "x86_64, torch 2.2.2, CPU")],
)
def test_the_macs_that_can_are_brought_up_to_date(twenty, name, verified):
    """Whatever becomes of the others, their environments are verified, and compute."""
    mac = twenty.said["macs"][name]
    assert (mac["state"], mac["reason"]) == ("up_to_date", None)
    assert mac["verifications"]["torch"] == f"verified: python 3.12.13 {verified}"
    assert twenty.computes(name)


def test_a_mac_whose_mps_does_not_work_is_shown_no_environment(twenty):
    """It has Miniconda, the reason, and nothing that looks like an environment."""
    mac = twenty.said["macs"]["no-mps"]
    assert mac["state"] == "failed"
    assert mac["reason"].startswith("MPS does not work on this Mac (arm64, macOS 15.1): ")
    home = twenty.lab.macs["no-mps"].home
    assert (home / "miniconda3/bin/conda").exists()
    assert not list((home / "miniconda3/envs").iterdir())
    assert not list((home / ".torchard/generations").iterdir())


def test_an_installer_that_lay_on_the_mac_under_a_right_name_is_not_run(twenty):
    """Its sha256 is another: it is pushed again, and the one that was there is gone."""
    assert twenty.said["macs"]["poisoned"]["state"] == "up_to_date"
    files = of(twenty.after, "poisoned")
    assert "miniconda3/bin/conda" in files
    assert "executed" not in files
    assert not any(entry[2] == len(POISON) for entry in files.values())


@pytest.mark.parametrize("name", UNTOUCHED)
def test_a_blocked_or_unreachable_mac_is_left_as_it_is(twenty, name):
    """The reason says what to do, and each byte of its home is what it was."""
    state, reason = UNTOUCHED[name]
    mac = twenty.said["macs"][name]
    assert mac["state"] == state
    assert re.fullmatch(reason, mac["reason"]), mac["reason"]
    assert of(twenty.after, name) == of(twenty.before, name)


def test_the_line_of_the_lab_file_that_is_wrong_is_named(twenty):
    """The Mac that is another one than the lab says leads to its own line."""
    wrong = line_of(twenty.lab.lab_file, "  other:")
    assert twenty.said["macs"]["other"]["reason"].startswith(wrong)


def test_a_mac_whose_host_key_nobody_knows_runs_no_command(twenty):
    """Not even the first reading."""
    assert commands(twenty.lab.macs["stranger"]) == 0


def test_an_installer_with_another_sha256_than_the_lab_says_reaches_no_mac(twenty):
    """The message names both hashes; the Mac has not one file more than before."""
    mac = twenty.said["macs"]["forged"]
    assert mac["state"] == "failed"
    said = rf"\S+-arm64.sh from \S+ has the wrong sha256: wanted {'0' * 64}, found [0-9a-f]{{64}}\."
    assert re.match(said, mac["reason"]), mac["reason"]
    assert {entry[0] for entry in of(twenty.after, "forged").values()} == {"directory"}


def test_the_commands_are_those_that_connections_are_cut_at(twenty):
    """A Mac that is brought up to date gets as many as are listed here."""
    assert commands(twenty.lab.macs["good"]) == len(COMMANDS)


@pytest.mark.parametrize("name", CUTS)
def test_a_mac_whose_connection_is_cut_is_brought_up_to_date_by_the_next_run(twenty, again, name):
    """Wherever that happens: then it has what a Mac has that never was cut off, and nothing else.

    Only what was pushed and never named stays for an hour: it could be another controller's. The
    lock of a step that ended by itself stays until its lease ends.
    """
    first, (code, second, after) = twenty.said["macs"][name], again
    assert first["state"] == "failed"
    assert re.match(r"the connection to 127\.0\.0\.1:\d+ was lost; .*", first["reason"])
    assert code == 0
    assert (second[name]["state"], second[name]["reason"]) == ("up_to_date", None)
    assert twenty.computes(name)

    def kept(mac):
        return {
            path: entry[0]
            for path, entry in of(after, mac).items()
            if not re.match(r"\.torchard/(log/|lock(/|$)|depot/incoming/\w+\.\d+-\w+$)", path)
            and "__pycache__" not in path  # a Python that runs there leaves those
        }

    assert kept(name) == kept("good")

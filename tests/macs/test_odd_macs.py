"""Macs that somebody has made their own: other shells, other tools, odd homes, wrong clocks."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from labs import describe

from simlab.lab import SimLab
from simlab.spec import MacSpec

SHELLS = [shell for shell in ("bash", "zsh", "tcsh", "fish") if shutil.which(shell)]
STARTUP = {"zsh": ".zshenv", "tcsh": ".cshrc", "fish": ".config/fish/config.fish"}
NOISY = next((shell for shell in SHELLS if shell in STARTUP), None)
YEAR = 365 * 86400


def mac(name, **odd):
    return MacSpec(name, "arm64", "15.1", **odd)


FINE = [
    mac("fine-account", banner="Authorised use only.\nwelcome\tbegin\n", compat=True, home="Zoë's"),
    mac("fine-tools", gnu=True),
    mac("fine-links", clock=-YEAR - 3600),
    *(mac(f"fine-{shell}", shell=shell) for shell in SHELLS),
]
REFUSED = [mac("no-space", home="Ann Lee"), mac("no-noise", shell=NOISY or "sh")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """All of them, each with one small environment; what some of them hold is put there first."""
    directory = tmp_path_factory.mktemp("odd") / "lab"
    with SimLab(directory, [*FINE, *REFUSED], simlab_depot.root) as lab:
        links = lab.macs["fine-links"].root / "tmp"
        assert links.is_symlink()
        (lab.macs["fine-links"].home / "elsewhere").symlink_to(links)
        prefix = {"fine-links": "    miniconda: {prefix: ~/elsewhere/miniconda3}\n"}
        plain = 'environments:\n  plain: {python: "3.12", pytorch: false, pip: [einops]}\n'
        describe(lab, plain, {one.name: ["plain"] for one in lab.spec}, prefix)
        for one in lab.macs.values():
            start_up(one, "echo 'a word' >&2")
            sudo = one.root / "bin/sudo"
            sudo.write_text(f"#!/bin/sh\necho asked >'{one.root}/sudo'\nexit 1\n", encoding="utf-8")
        yield lab


def start_up(mac, line):
    """Write a line that every shell understands into the files that shells begin with."""
    for file in STARTUP.values():
        path = mac.home / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{line}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def applied(lab, torchard):
    """The fine ones, in order."""
    done = torchard("apply", lab.lab_file, "--yes", "--json", "--limit", "fine-*")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["macs"]


@pytest.mark.parametrize("name", [one.name for one in FINE])
def test_an_odd_mac_is_brought_up_to_date(lab, applied, name):
    """Its environment runs, and nobody was asked for a password by sudo."""
    assert applied[name]["state"] == "up_to_date"
    prefix = "$TMPDIR/miniconda3" if name == "fine-links" else "$HOME/miniconda3"
    done = lab.macs[name].run(f'"{prefix}/envs/plain/bin/python" -c "import einops"')
    assert (done.returncode, done.stderr.replace("a word\n", "")) == (0, "")
    assert not (lab.macs[name].root / "sudo").exists()


def test_a_second_look_finds_nothing_to_do(lab, applied, torchard):
    """Whatever links, names and tools are in between."""
    done = torchard("plan", lab.lab_file, "--limit", "fine-*")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_mac_that_calls_itself_10_16_is_what_it_is(lab, applied):
    """SYSTEM_VERSION_COMPAT is set in that account, and the real macOS is read all the same."""
    found = lab.macs["fine-account"].run("sw_vers -productVersion").stdout
    assert found == "10.16\n"
    assert applied["fine-account"]["macos"] == "15.1"


def test_a_clock_that_is_a_year_off_is_worth_a_note(applied):
    """On that Mac alone; a day or less is nobody's concern."""
    (note,) = applied["fine-links"]["warnings"]
    assert note.startswith("its clock is 365 days behind this computer's, so downloads over TLS")
    assert all(not one["warnings"] for name, one in applied.items() if name != "fine-links")


def test_a_home_with_a_space_is_refused_in_the_plan(lab, torchard):
    """The installer would refuse it after all had been pushed."""
    done = torchard("plan", lab.lab_file, "--limit", "no-space")
    assert done.returncode == 3
    assert re.search(r"blocked +its home is /\S+/Ann Lee, and conda does not work", done.stdout)


@pytest.mark.skipif(NOISY is None, reason="this machine's shells read no startup file")
def test_a_shell_that_prints_at_every_start_is_refused_in_the_plan(lab, torchard):
    """It would print into SFTP as well. What it prints is reported, and nothing is pushed."""
    mac = lab.macs["no-noise"]
    start_up(mac, "echo begin the day")
    before = lab.snapshot("no-noise")
    for command in (["plan"], ["apply", "--yes"]):
        done = torchard(*command, lab.lab_file, "--limit", "no-noise")
        assert done.returncode == 3
        assert 'its shell prints "begin the day" whenever it starts' in done.stdout
    assert lab.snapshot("no-noise") == before
    start_up(mac, "echo quiet >&2")
    assert torchard("plan", lab.lab_file, "--limit", "no-noise").returncode == 2

"""`torchard choose` without a description answers for the Mac that it is typed on."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from torchard.cli import this_mac
from torchard.cli.main import cli
from torchard.errors import TorchardError


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Let the tools of a Mac be found first, each of which prints what the test says."""

    def answer(**lines):
        for name, text in lines.items():
            tool = tmp_path / name
            tool.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return answer


UNAME = "case $1 in -s) echo Darwin ;; *) echo x86_64 ;; esac"
COMPATIBLE = 'if [ "$SYSTEM_VERSION_COMPAT" = 0 ]; then echo 26.1; else echo 16.0; fi'


@pytest.mark.parametrize(
    ("sysctl", "arch"), [("echo 1", "arm64"), ("exit 1", "x86_64"), ("echo 0", "x86_64")]
)
def test_the_hardware_and_the_real_macos_are_read(tools, sysctl, arch):
    """A shell under Rosetta says x86_64, and an old program reads a compatible version."""
    tools(uname=UNAME, sysctl=sysctl, sw_vers=COMPATIBLE)
    assert this_mac.read_this_mac() == (arch, "26.1")


@pytest.mark.parametrize("system", ["Linux", "Darwin"])
def test_on_another_computer_a_sentence_says_what_to_type(tools, system):
    """So is one without sw_vers, whose macOS nobody knows."""
    tools(uname=f"echo {system}", sysctl="exit 1", sw_vers="exit 1")
    with pytest.raises(TorchardError) as caught:
        this_mac.read_this_mac()
    assert "torchard choose --arch arm64 --macos 15.1 --python 3.12" in str(caught.value)


def test_the_answer_is_for_this_mac(tools):
    """The first line says which Mac it is for; JSON has no such line."""
    tools(uname=UNAME, sysctl="echo 1", sw_vers="echo 14.6")
    lines = CliRunner().invoke(cli, ["choose"]).stdout.splitlines()
    assert lines[0] == "This Mac: arm64, macOS 14.6"
    assert "torch 2.14.1" in lines[1]
    done = CliRunner().invoke(cli, ["choose", "--python", "3.9", "--json"])
    variant = json.loads(done.stdout)["variant"]
    assert (variant["python"], variant["packages"]["torch"]) == ("3.9", "2.8.0")


def test_half_a_description_is_an_error():
    """An arch without a macOS describes no Mac."""
    done = CliRunner().invoke(cli, ["choose", "--arch", "arm64"])
    assert done.exit_code != 0
    assert "Give both --arch and --macos" in done.output

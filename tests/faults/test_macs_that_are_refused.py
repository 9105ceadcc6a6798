"""What cannot be, or must not be, is said in a plan: what was found, and what to write instead."""

from __future__ import annotations

import re

import pytest
from faultlab import commands, count_commands, line_of, started, variant


def plan(torchard, lab_file, *more):
    """Return the exit code of a plan and all that was printed."""
    done = torchard("plan", lab_file, *more)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def lab(fresh, tmp_path):
    """Write the lab of untouched Macs with some texts replaced."""
    return lambda *changes: variant(fresh, tmp_path / "lab.yaml", *changes)


@pytest.mark.parametrize("keys", ["none", "another"])
def test_no_command_is_run_where_the_host_key_is_not_the_known_one(fresh, lab, torchard, keys):
    """Unknown or changed, the Mac is not reached, and nothing at all happens on it."""
    known = (fresh.directory / "known_hosts").read_text()
    mac = fresh.macs["studio-01"]
    key = (mac.root / "host_key_other.pub").read_text().split()[1]
    lines = [line for line in known.splitlines() if f":{mac.port} " not in line]
    lines += [f"[127.0.0.1]:{mac.port} ssh-ed25519 {key}"] if keys == "another" else []
    lab_file = lab((f"{fresh.directory}/known_hosts", "KNOWN"))
    known_hosts = lab_file.with_name("known_hosts")
    known_hosts.write_text("".join(f"{line}\n" for line in lines))
    lab_file.write_text(lab_file.read_text().replace("KNOWN", str(known_hosts)))
    before, ran = fresh.snapshot(), commands(mac)
    for command in (["plan"], ["apply", "--yes"], ["verify"]):
        done = torchard(*command, lab_file, "--limit", "studio-01")
        assert done.returncode == 3, done.stdout + done.stderr
        said = {"none": "is not known", "another": "is not the one that is known"}[keys]
        assert f"the host key of [127.0.0.1]:{mac.port} {said}" in done.stdout
    assert commands(mac) == ran
    assert fresh.snapshot() == before
    assert known_hosts.read_text() == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_a_mac_of_another_arch_than_the_lab_says_is_refused(fresh, lab, torchard, arch):
    """It may be another Mac than was meant: the lab file's line is named, and two ways out."""
    name, other = ("studio-01", "x86_64") if arch == "arm64" else ("library-01", "arm64")
    lab_file = lab((f"arch: {arch}", f"arch: {other}"))
    code, printed = plan(torchard, lab_file, "--limit", name)
    assert code == 3
    said = f"{line_of(lab_file, f'  {name}:')}3 says it is {other}, but it is {arch}"
    assert f"refused     {said}; write arch: {arch}, or correct its address" in printed


def test_a_macos_that_differs_is_worth_a_note_and_no_more(lab, torchard):
    """The Mac's own macOS decides."""
    lab_file = lab(('macos: "15.1"', 'macos: "13.6"'))
    code, printed = plan(torchard, lab_file, "--limit", "studio-01")
    assert code == 2
    said = f"{line_of(lab_file, '  studio-01:')}3 says macOS 13.6, but it runs 15.1"
    assert f"note        {said}" in printed
    assert re.search(r"\+ torch +2\.15\.0 ", printed), printed


def test_an_intel_mac_that_must_have_mps_is_refused(lab, torchard):
    """The other Macs of the lab are planned all the same."""
    lab_file = lab(("release: stable", "release: stable, backend: mps"))
    code, printed = plan(torchard, lab_file)
    assert code == 3
    assert "PyTorch's MPS is not for Intel Macs. Write `backend: cpu` (torch 2.2.2)." in printed
    assert "Plan: 2 Macs to change, 0 in order, 1 refused." in printed


@pytest.mark.parametrize("python", ["3.7", "3.99"])
def test_a_python_that_no_pytorch_is_built_for_is_refused(lab, torchard, python):
    """The way out names pythons that would do."""
    lab_file = lab(('python: "3.12"', f'python: "{python}"'))
    code, printed = plan(torchard, lab_file, "--limit", "studio-01")
    assert code == 3
    assert "refused     torch: " in printed
    assert f"python {python}" in printed
    assert "Write `python: " in printed


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('python: "3.12"', 'python: "3.12"\n    conda: ["nodejs >99"]', "nodejs >99"),
        ('["einops"]', '["einops>99"]', "einops>99"),
    ],
    ids=["conda", "wheels"],
)
def test_what_cannot_be_solved_is_refused_at_its_line(lab, torchard, old, new, said):
    """The message names the Mac class, the environment, and the lab file's line."""
    lab_file = lab((old, new))
    code, printed = plan(torchard, lab_file, "--limit", "studio-01")
    assert code == 3
    assert f"refused     torch: {line_of(lab_file, said)}" in printed
    assert "satisfies torch for osx-arm64-macos15.0" in printed


def test_a_disk_that_is_too_small_is_refused_before_the_first_write(fresh, lab, torchard):
    """Both numbers are said, and nothing is written."""
    before = fresh.snapshot()
    fresh.macs["studio-01"].set(fault={"disk_free": 5_000_000})
    done = torchard("apply", lab(), "--limit", "studio-01", "--yes")
    count_commands(fresh.macs["studio-01"])
    assert done.returncode == 3
    found = re.search(
        r"its disk has (\d+) MB free, and these packages need more than (\d+) MB", done.stdout
    )
    assert found, done.stdout
    assert int(found[1]) in {4, 5}
    assert int(found[2]) > 5
    assert fresh.snapshot() == before


def test_a_mac_that_asks_for_a_password_is_given_none(fresh, lab, torchard):
    """Words such as sudo's, from whatever runs on a Mac, ask the person here for nothing."""
    mac = fresh.macs["studio-01"]
    uname, text = mac.root / "bin/uname", (mac.root / "bin/uname").read_text()
    uname.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nkill -9 $PPID\n")
    with started("plan", lab(), "--limit", "studio-01") as controller:
        printed, errors = controller.communicate(timeout=60)
    uname.write_text(text)
    assert controller.returncode == 3
    assert "not reached its answer was cut short" in printed
    assert not errors


def test_a_plan_leaves_every_file_of_every_mac_as_it_is(fresh, settled, torchard):
    """On Macs that have nothing, and on one that would be changed, each byte stays."""
    before = fresh.snapshot()
    code, _ = plan(torchard, fresh.lab_file)
    assert code == 2
    assert fresh.snapshot() == before
    code, _ = plan(torchard, settled.update, "--full")
    assert code == 2
    assert settled.lab.snapshot() == settled.before

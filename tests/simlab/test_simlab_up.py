"""The `simlab` command and the Python that starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from simlab.lab import SimLab
from simlab.spec import MacSpec


def start(*arguments):
    """Start `simlab`."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("simlab"), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*arguments):
    """Run `simlab` to its end: status, stdout and stderr."""
    process = start(*arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_is_ready_until_interrupted(tmp_path, stub_depot, number):
    """`up` prints `ready` and nothing else on stdout, and an interrupt ends it with 0."""
    with start("up", tmp_path / "lab", "--macs", "2", "--depot", stub_depot) as process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "2 simulated Macs are up" in err


def test_lab_file_describes_the_lab(lab):
    """lab.yaml names every Mac, its key, mirrors and installer, and says they are simulated."""
    text = lab.lab_file.read_text(encoding="utf-8")
    assert text.startswith("# These Macs are simulated")
    found = yaml.safe_load(text)
    assert list(found["macs"]) == list(lab.macs)
    assert found["macs"]["library-01"] == {
        "address": "127.0.0.1",
        "ssh": {"port": lab.macs["library-01"].port},
        "arch": "x86_64",
        "macos": "12.7",
        "groups": ["simulated", "intel"],
    }
    common = found["groups"]["simulated"]
    assert common["mirrors"]["conda"] == {
        name: f"{lab.web_url}/conda/{name}" for name in ("conda-forge", "pytorch")
    }
    assert common["mirrors"]["wheels"] == f"{lab.web_url}/simple"
    assert common["ssh"]["key"] == str(lab.directory / "id_ed25519")
    assert common["ssh"]["known_hosts"] == str(lab.directory / "known_hosts")
    installer = found["groups"]["apple-silicon"]["miniconda"]["installer"]
    assert installer == {"url": f"{lab.web_url}/installers/Stub-arm64.sh", "sha256": "0" * 64}
    assert found["environments"]["torch"]["python"] == "3.12"


def test_torchard_accepts_the_lab_file(lab, torchard):
    """`torchard check` finds nothing to say against lab.yaml, and sees every Mac in it."""
    done = torchard("check", lab.lab_file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 Macs" in done.stdout


def test_lab_of_no_macs_is_a_sentence(tmp_path):
    """`up --macs 0` starts nothing."""
    status, out, err = finish("up", tmp_path / "lab", "--macs", "0")
    assert (status, out) == (1, "")
    assert "ask for at least one" in err
    assert not (tmp_path / "lab").exists()


def test_keys_are_private(lab):
    """Nobody else on the host can read the lab's keys."""
    keys = [lab.directory / "id_ed25519", *lab.directory.glob("macs/*/host_key")]
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_kept_lab_starts_again(tmp_path, stub_depot):
    """A lab that is started again keeps its homes, keys and, where they are free, its ports."""
    with SimLab(tmp_path / "lab", 1, depot=stub_depot) as lab:
        mac = lab.macs["studio-01"]
        (mac.home / "kept").write_text("kept", encoding="utf-8")
        known = (lab.directory / "known_hosts").read_text(encoding="utf-8")
    with SimLab(tmp_path / "lab", 1, depot=stub_depot) as lab:
        assert lab.macs["studio-01"].run("cat kept").stdout == "kept"
        again = (lab.directory / "known_hosts").read_text(encoding="utf-8")
    assert again == known


def test_an_edited_lab_file_is_kept(tmp_path, stub_depot, torchard):
    """What a person wrote in lab.yaml stays, and a Mac's port that is taken becomes its new one."""
    with SimLab(tmp_path / "lab", 2, depot=stub_depot) as lab:
        described = lab.lab_file.read_text(encoding="utf-8")
        old = lab.macs["studio-01"].port
    edited = described.replace("einops", "pandas") + "# mine\n"
    lab.lab_file.write_text(edited, encoding="utf-8")
    with SimLab(tmp_path / "lab", 2, depot=stub_depot) as lab:
        assert lab.lab_file.read_text(encoding="utf-8") == edited
    assert "has your edits, and is kept\n" in (tmp_path / "lab.log").read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", old)), SimLab(tmp_path / "lab", 2, stub_depot) as lab:
        new = lab.macs["studio-01"].port
        assert new != old
        wanted = edited.replace(f"port: {old}", f"port: {new}")
        assert lab.lab_file.read_text(encoding="utf-8") == wanted
        assert torchard("check", lab.lab_file).returncode == 0
    assert "only its ports are new\n" in (tmp_path / "lab.log").read_text(encoding="utf-8")
    assert not (lab.directory / "lab.new.yaml").exists()


def test_an_edited_lab_file_is_kept_beside_other_macs(tmp_path, stub_depot):
    """If other Macs are up, a file beside the edited one describes them, and a line says so."""
    with SimLab(tmp_path / "lab", 1, depot=stub_depot) as lab:
        described = lab.lab_file.read_text(encoding="utf-8")
    lab.lab_file.write_text(f"{described}# mine\n", encoding="utf-8")
    with SimLab(tmp_path / "lab", 2, depot=stub_depot) as lab:
        assert lab.lab_file.read_text(encoding="utf-8") == f"{described}# mine\n"
        beside = lab.directory / "lab.new.yaml"
        assert list(yaml.safe_load(beside.read_text(encoding="utf-8"))["macs"]) == list(lab.macs)
    assert f"{beside} describes them\n" in (tmp_path / "lab.log").read_text(encoding="utf-8")


def test_a_lab_file_without_edits_describes_the_macs_that_are_up(tmp_path, stub_depot):
    """A lab that starts with more Macs has them in lab.yaml, and no second file."""
    with SimLab(tmp_path / "lab", 1, depot=stub_depot):
        pass
    with SimLab(tmp_path / "lab", 2, depot=stub_depot) as lab:
        found = yaml.safe_load(lab.lab_file.read_text(encoding="utf-8"))
    assert list(found["macs"]) == ["studio-01", "studio-02"]
    assert not (lab.directory / "lab.new.yaml").exists()


def test_up_starts_the_macs_that_are_there(tmp_path, stub_depot):
    """Without --macs and --spec, a lab starts again with its own Macs, as they were changed."""
    spec = [MacSpec("one", "x86_64", "13.1"), MacSpec("two", "arm64", "15.1")]
    with SimLab(tmp_path / "lab", spec, depot=stub_depot) as lab:
        lab.macs["two"].set(macos="14.0")
    with start("up", tmp_path / "lab", "--depot", stub_depot) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    found = yaml.safe_load((tmp_path / "lab/lab.yaml").read_text(encoding="utf-8"))["macs"]
    assert {name: mac["macos"] for name, mac in found.items()} == {"one": "13.1", "two": "14.0"}
    (tmp_path / "lab/macs/one/mac.json").write_text("{}", encoding="utf-8")
    status, out, err = finish("up", tmp_path / "lab", "--depot", stub_depot)
    assert (status, out) == (1, "")
    assert "one/mac.json describes no Mac" in err
    assert "--macs or --spec" in err


def test_spec_describes_the_macs(tmp_path, stub_depot):
    """A spec file decides names, versions and faults."""
    spec = [MacSpec("only", "x86_64", "13.1", mps=False, fault={"disk_free": 1024})]
    with SimLab(tmp_path / "lab", spec, depot=stub_depot) as lab:
        done = lab.macs["only"].run("sw_vers -productVersion; df -Pk . | tail -n 1")
    assert done.stdout.split()[0] == "13.1"
    assert done.stdout.split()[4] == "1"


def test_macs_and_spec_exclude_each_other(tmp_path):
    """Saying both how many and which is a usage error, before anything is written."""
    spec = tmp_path / "spec.json"
    spec.write_text(
        json.dumps({"macs": [{"name": "a", "arch": "arm64", "macos": "15.1"}]}), encoding="utf-8"
    )
    status, out, err = finish("up", tmp_path / "lab", "--macs", "2", "--spec", spec)
    assert (status, out) == (1, "")
    assert "--macs and --spec exclude each other" in err
    assert not (tmp_path / "lab").exists()


def test_unknown_key_in_a_spec_stops_up(tmp_path):
    """A spec with an unknown key starts nothing and says which."""
    spec = tmp_path / "spec.yaml"
    spec.write_text("macs: [{name: a, arch: arm64, macos: '15.1', disk: 1}]", encoding="utf-8")
    status, out, err = finish("up", tmp_path / "lab", "--spec", spec)
    assert (status, out) == (1, "")
    assert "a has an unknown key 'disk'" in err
    assert "Traceback" not in err


def test_foreign_directory_is_left_alone(tmp_path, stub_depot):
    """`up` takes no directory that holds other things, and none with a space in its name."""
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    status, _, err = finish("up", tmp_path, "--depot", stub_depot)
    assert status == 1
    assert "holds other things" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    status, _, err = finish("up", tmp_path / "my lab", "--depot", stub_depot)
    assert status == 1
    assert "has a space" in err


def test_depot_that_cannot_be_built_is_an_error(tmp_path):
    """An unknown depot is a sentence on stderr and 1, never a lab without packages."""
    (tmp_path / "depot").write_text("a file", encoding="utf-8")
    status, out, err = finish("up", tmp_path / "lab", "--depot", tmp_path / "depot")
    assert (status, out) == (1, "")
    assert "Traceback" not in err


def test_shell_runs_a_command(lab):
    """`simlab shell` runs a command on a Mac and ends with its status."""
    status, out, _ = finish("shell", lab.directory, "studio-04", "--", "uname -m; exit 4")
    assert (status, out) == (4, "x86_64\n")
    status, _, err = finish("shell", lab.directory, "studio-99", "--", "true")
    assert status == 1
    assert "there are library-01, studio-01" in err


def test_shell_writes_to_files(lab, tmp_path):
    """What a command prints goes where the shell's own stdout and stderr go, a file too."""
    words = [Path(sys.executable).with_name("simlab"), "shell", lab.directory, "studio-01"]
    command = (
        'i=0; while [ "$i" -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; echo b >&2; exit 4'
    )
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        done = subprocess.run(
            [*words, command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            check=False,
            timeout=60,
        )
    assert (done.returncode, err.read_bytes()) == (4, b"b\n")
    assert out.read_bytes() == b"0123456789\n" * 20000


def test_snapshot_sees_every_change(lab, mac):
    """A snapshot tells a file's bytes, mode and a link's target, and nothing of time."""
    before = lab.snapshot()
    mac.run("mkdir snap && echo a >snap/f && ln -s f snap/l")
    after = lab.snapshot()
    assert set(after) - set(before) == {f"studio-01/snap{end}" for end in ("", "/f", "/l")}
    assert after["studio-01/snap/l"] == ("link", 0, 0, "", "f")
    mac.run("touch snap/f")
    assert lab.snapshot() == after
    mac.run("echo b >snap/f")
    assert lab.snapshot()["studio-01/snap/f"][3] != after["studio-01/snap/f"][3]
    mac.run("rm -r snap")
    assert lab.snapshot() == before

"""Ctrl-C and SIGTERM at any moment: what is known is printed, and the exit code names the signal.

Here are the moments at which this computer works, and not a Mac. `test_waits.py` and
`tests/faults/test_an_update_that_fails.py` have the others.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest
from progress_events import without_events

from simlab.lab import SimLab

PLAIN = 'environments:\n  tools: {python: "3.12", pytorch: false, conda: [rhash]}\n'
SAID = "Interrupted. Run the same command again to continue.\n"
UNTOUCHED = "the run was interrupted before anything was changed on this Mac"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """A Mac that has nothing, and the lock of its lab."""
    with SimLab(tmp_path_factory.mktemp("interrupted") / "lab", 1, simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8")
        text = PLAIN + "groups:\n" + text.partition("groups:\n")[2]
        lab.lab_file.write_text(text.replace("[torch]", "[tools]"), encoding="utf-8")
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab


@pytest.fixture
def silent():
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(300)
        yield server


def write_lab(lab, name, *changes):
    path = lab.directory / f"{name}.yaml"
    text = lab.lab_file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def interrupt(server, number, *arguments, there=None):
    """Run a command, and send it a signal once it waits for the server, and paths are there."""
    words = [sys.executable, "-m", "torchard", *map(str, arguments)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        connection, _ = server.accept()
        for _ in range(2000):
            if there is None or list(there()):
                break
            time.sleep(0.01)
        run.send_signal(number)
        printed, errors = run.communicate(timeout=300)
        connection.close()
    assert without_events(errors).endswith(SAID)
    return run.returncode, printed + without_events(errors).removesuffix(SAID)


@pytest.mark.parametrize(
    ("verb", "number"),
    [
        (("plan", "--json"), signal.SIGINT),
        (("status", "--json"), signal.SIGTERM),
        (("verify", "--json"), signal.SIGINT),
        (("apply", "--yes", "--json"), signal.SIGTERM),
    ],
)
def test_while_a_lock_is_solved_before_any_mac_is_contacted(lab, silent, artefacts, verb, number):
    """Each Mac of the lab is named, as not read."""
    port = silent.getsockname()[1]
    file = write_lab(lab, "unsolved", (lab.web_url + "/conda", f"http://127.0.0.1:{port}"))
    code, printed = interrupt(silent, number, verb[0], file, *verb[1:])
    (found,) = json.loads(printed)["macs"].values()
    assert (code, found["state"], found["reason"]) == (128 + number, "unreachable", UNTOUCHED)


def test_apply_names_each_mac_in_its_text_as_well(lab, silent, artefacts):
    """It prints each Mac's plan when it begins, and none had begun."""
    port = silent.getsockname()[1]
    file = write_lab(lab, "text", (lab.web_url + "/conda", f"http://127.0.0.1:{port}"))
    code, printed = interrupt(silent, signal.SIGINT, "apply", file, "--yes")
    assert code == 130
    assert f"unreachable {UNTOUCHED}\n" in printed
    assert printed.endswith("1 unreachable.\nNothing has been changed.\n")


def test_while_a_lock_is_solved_after_a_mac_was_read(lab, silent, artefacts):
    """The lab does not say its arch: the Mac was read, and its plan is missing."""
    port = silent.getsockname()[1]
    file = write_lab(
        lab,
        "unknown",
        (lab.web_url + "/conda", f"http://127.0.0.1:{port}"),
        ("    arch: arm64\n", ""),
    )
    code, printed = interrupt(silent, signal.SIGTERM, "plan", file, "--json")
    (found,) = json.loads(printed)["macs"].values()
    assert (code, found["state"], found["reason"]) == (143, "unreachable", UNTOUCHED)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rollback", "tools"), UNTOUCHED),
        (("unlock", "studio-01"), f"studio-01 is unreachable: {UNTOUCHED}"),
        (("keys", "trust"), ""),
    ],
)
def test_while_a_mac_is_connected_to(lab, silent, artefacts, words, said):
    """Also by a command that prints no JSON."""
    (mac,) = lab.macs.values()
    port = silent.getsockname()[1]
    file = write_lab(lab, "silent", (f"port: {mac.port}", f"port: {port}"))
    code, printed = interrupt(silent, signal.SIGTERM, *words, file)
    assert code == 143
    assert said in printed


def test_while_a_file_is_fetched(lab, silent, tmp_path, monkeypatch):
    """The result has the plan's steps, of which none was done, and no lock stays on the Mac."""
    monkeypatch.setenv("TORCHARD_DEPOT", str(tmp_path))  # another test may have fetched it
    port = silent.getsockname()[1]
    url = f"{lab.web_url}/installers/"
    file = write_lab(lab, "lab2", (f'url: "{url}', f'url: "http://127.0.0.1:{port}/'))
    (lab.directory / "locks/lab2").symlink_to("lab")
    code, printed = interrupt(silent, signal.SIGINT, "apply", file, "--yes", "--json")
    (found,) = json.loads(printed)["macs"].values()
    assert (code, found["state"]) == (130, "failed")
    assert found["reason"].startswith("the run was interrupted. A step that had begun goes on")
    assert [one["outcome"] for one in found["steps"]] == ["failed", "not_started"]
    (mac,) = lab.macs.values()
    assert not (mac.home / ".torchard/lock").exists()


def test_lock_says_what_it_had_done(lab, silent, artefacts):
    """A lock that is kept is named before the one that was being solved."""
    port = silent.getsockname()[1]
    more = '  more: {python: "3.12", pytorch: false, conda: [xz]}\n'
    file = write_lab(
        lab,
        "lab3",
        ("groups:\n", f"{more}groups:\n"),
        ("[tools]", "[tools, more]"),
        (lab.web_url + "/conda", f"http://127.0.0.1:{port}"),
    )
    (lab.directory / "locks/lab3").symlink_to("lab")
    code, printed = interrupt(silent, signal.SIGTERM, "lock", file)
    assert (code, printed.split()[:3]) == (143, ["kept", "tools", "for"])


def test_a_bundle_says_what_is_there_so_far(lab, silent, artefacts, tmp_path):
    """Nothing is there while a lock is solved; files are while one is fetched, and they count."""
    port = silent.getsockname()[1]
    file = write_lab(lab, "lab4", (lab.web_url + "/conda", f"http://127.0.0.1:{port}"))
    folder = tmp_path / "bundle"
    code, printed = interrupt(silent, signal.SIGINT, "bundle", folder, file, "--json")
    found = json.loads(printed)
    assert (code, found["is_whole"], found["artefacts"]) == (130, False, 0)
    assert not folder.exists()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_bundle_counts_the_files_that_it_has(lab, silent, tmp_path, monkeypatch, as_json):
    """The installer is there, and the packages are being fetched."""
    port = silent.getsockname()[1]
    name = f"fetched-{as_json}"
    file = write_lab(lab, name, (lab.web_url + "/conda", f"http://127.0.0.1:{port}"))
    (lab.directory / "locks" / name).symlink_to("lab")
    monkeypatch.setenv("TORCHARD_DEPOT", str(tmp_path / "depot"))
    folder = tmp_path / "bundle"
    words = ["bundle", folder, file, "--locked", *["--json"] * as_json]
    installer = partial(folder.glob, "sha256/*/*/*.sh")
    code, printed = interrupt(silent, signal.SIGTERM, *words, there=installer)
    assert code == 143
    if as_json:
        found = json.loads(printed)
        assert (found["artefacts"], found["locks"], found["is_whole"]) == (1, 0, False)
        assert found["new"] == found["bytes"] > 0
    else:
        assert f"{folder}: 0 locks and 1 file of the lab {name} so far, " in printed


@pytest.mark.parametrize("as_json", [True, False])
def test_choose_prints_the_choice_while_packages_are_solved(lab, silent, artefacts, as_json):
    """The choice was known before."""
    port = silent.getsockname()[1]
    file = write_lab(lab, "lab6", (lab.web_url + "/conda", f"http://127.0.0.1:{port}"))
    words = ["choose", "--arch", "arm64", "--macos", "15.1", "--for", "einops", "--lab", file]
    code, printed = interrupt(silent, signal.SIGINT, *words, *["--json"] * as_json)
    assert code == 130
    if as_json:
        assert json.loads(printed)["variant"]
    else:
        assert "torch 2." in printed


def test_doctor_says_what_it_found_while_a_server_is_asked(lab, silent, artefacts):
    """The others answered, and the Mac was read."""
    port = silent.getsockname()[1]
    file = write_lab(lab, "lab7", (lab.web_url + "/conda", f"http://127.0.0.1:{port}"))
    code, printed = interrupt(silent, signal.SIGINT, "doctor", file, "--json")
    found = json.loads(printed)
    assert code == 130
    assert "python" in {one["topic"] for one in found["controller"]}
    assert set(found["macs"]) == set(lab.macs)


def test_bundle_check_says_what_it_found_while_it_reads(lab, tmp_path):
    """It does not read to the end of the second file, which would take a minute."""
    digests = ["0" * 64, "1" * 64]
    sizes = [1, 64 << 30]
    for sha256, size in zip(digests, sizes, strict=True):
        path = tmp_path / "sha256" / sha256[:2] / sha256 / "large-1-0.conda"
        path.parent.mkdir(parents=True)
        path.touch()
        os.truncate(path, size)
    rows = [
        {"name": "large-1-0.conda", "sha256": sha256, "size": size}
        for sha256, size in zip(digests, sizes, strict=True)
    ]
    index = {"format": 1, "lab": "lab", "locks": [], "artefacts": rows}
    (tmp_path / "index").mkdir()
    (tmp_path / "index/lab.json").write_text(json.dumps(index), encoding="utf-8")
    words = [sys.executable, "-m", "torchard", "bundle", tmp_path, lab.lab_file, "--check"]
    with subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, text=True) as run:
        process = psutil.Process(run.pid)
        while not any(file.path == str(path) for file in process.open_files()):
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        printed, _ = run.communicate(timeout=300)
    found = json.loads(printed)
    assert (run.returncode, found["is_whole"], len(found["damage"])) == (130, False, 1)

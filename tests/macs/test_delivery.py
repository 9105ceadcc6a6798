"""How packages reach simulated Macs: pushed, fetched by the Mac, and without any network."""

from __future__ import annotations

import json
import shutil

import pytest
from homes import Home

from simlab.lab import SimLab
from simlab.spec import MacSpec


@pytest.fixture(scope="module")
def lab_once(tmp_path_factory, simlab_depot, torchard):
    """A bare Mac, a lab without PyTorch, its locks, and its bundle on a web server."""
    folder = tmp_path_factory.mktemp("delivery")
    served = folder / "served"
    shutil.copytree(simlab_depot.root, served, symlinks=True)
    with SimLab(folder / "lab", [MacSpec("one", "arm64", "15.1")], served) as lab:
        text = lab.lab_file.read_text(encoding="utf-8").replace("{release: stable}", "false")
        lab.lab_file.write_text(text, encoding="utf-8")
        lab.bundle = served / "bundle"
        done = torchard("bundle", lab.bundle, lab.lab_file)
        assert done.returncode == 0, done.stdout + done.stderr
        lab.home = Home(lab.macs["one"], folder / "kept")
        lab.home.keep("bare")
        yield lab


@pytest.fixture
def lab(lab_once):
    """The same lab, whose Mac has nothing on it; no server was asked for anything."""
    lab_once.home.put_back()
    (lab_once.directory / "web.log").write_text("", encoding="utf-8")
    yield lab_once
    (lab_once.directory / "web.json").write_text("", encoding="utf-8")


def delivered(lab, delivery):
    """Return a lab file whose Mac gets its packages in another way."""
    path = lab.directory / "lab.yaml"
    text = path.read_text(encoding="utf-8")
    other = lab.directory / "other" / "lab.yaml"
    shutil.rmtree(other.parent, ignore_errors=True)
    other.parent.mkdir()
    shutil.copytree(lab.directory / "locks", other.parent / "locks")
    other.write_text(f"delivery: {delivery}\n{text}", encoding="utf-8")
    return other


def asked(lab):
    """Return the paths that a server was asked for."""
    lines = (lab.directory / "web.log").read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[1] for line in lines]


def web(lab):
    """Return the URL of the lab's web server."""
    text = lab.lab_file.read_text(encoding="utf-8")
    return text.partition('wheels: "')[2].partition("/simple")[0]


def test_a_bundle_needs_no_network(lab, torchard, tmp_path):
    """An apply with `--depot` asks no server, and another computer needs nothing but the bundle."""
    shutil.rmtree(lab.directory / "other", ignore_errors=True)
    lab_file = delivered(lab, "push")
    shutil.rmtree(lab_file.parent / "locks")
    depot = {"TORCHARD_DEPOT": str(tmp_path / "empty")}
    planned = torchard("plan", lab_file, "--depot", lab.bundle, **depot)
    assert planned.returncode == 2, planned.stdout + planned.stderr
    assert "to fetch once" not in planned.stdout
    done = torchard("apply", lab_file, "--depot", lab.bundle, "--yes", **depot)
    assert done.returncode == 0, done.stdout + done.stderr
    assert asked(lab) == []
    assert not (tmp_path / "empty").exists()


def test_a_mac_fetches_from_a_bundle(lab, torchard, tmp_path):
    """Your computer fetches nothing. The plan says from where, and the Mac is up to date."""
    host = web(lab).partition("//")[2]
    lab_file = delivered(lab, f'{{url: "{web(lab)}/bundle"}}')
    depot = {"TORCHARD_DEPOT": str(tmp_path / "empty")}
    planned = torchard("plan", lab_file, **depot)
    assert f"to pull from {host}" in planned.stdout
    assert "to fetch once" not in planned.stdout
    shown = json.loads(torchard("plan", lab_file, "--json", **depot).stdout)
    assert shown["macs"]["one"]["fetches_from"] == host
    done = torchard("apply", lab_file, "--yes", **depot)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.split("/")[1] for path in asked(lab)} == {"bundle"}
    assert torchard("plan", lab_file, **depot).returncode == 0


def test_a_mac_fetches_from_the_internet(lab, torchard, tmp_path):
    """From the addresses that your computer would use; only the index is asked by it."""
    lab_file = delivered(lab, "pull")
    depot = {"TORCHARD_DEPOT": str(tmp_path / "empty")}
    planned = torchard("plan", lab_file, **depot)
    assert "to pull from the internet" in planned.stdout
    done = torchard("apply", lab_file, "--yes", **depot)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.split("/")[1] for path in asked(lab)} >= {"conda", "installers"}
    assert not list((tmp_path / "empty").glob("files/*"))


def test_a_server_that_lies_fails_only_that_mac_and_says_so(lab, torchard):
    """Nothing of it is installed, and the next run, once the server is right, finishes."""
    lab_file = delivered(lab, f'{{url: "{web(lab)}/bundle"}}')
    (lab.directory / "web.json").write_text(
        json.dumps({"faults": [{"path": "*.sh", "corrupt": True}]}), encoding="utf-8"
    )
    done = torchard("apply", lab_file, "--yes")
    assert done.returncode == 1
    assert "has the wrong sha256" in done.stdout
    assert "run `torchard bundle` again" in done.stdout
    assert not (lab.macs["one"].root / "home/miniconda3").exists()
    (lab.directory / "web.json").write_text("", encoding="utf-8")
    assert torchard("apply", lab_file, "--yes").returncode == 0

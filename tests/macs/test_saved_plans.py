"""A saved plan on simulated Macs: done just as it was shown, or refused where something moved."""

from __future__ import annotations

import json

import pytest
from homes import Home

from simlab.lab import SimLab
from simlab.spec import MacSpec

NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def lab_once(tmp_path_factory, simlab_depot, torchard):
    """Three up-to-date Macs of a lab without PyTorch; `wanted.yaml` asks for one more package."""
    spec = [MacSpec(name, "arm64", "15.1") for name in NAMES]
    with SimLab(tmp_path_factory.mktemp("saved") / "lab", spec, simlab_depot.root) as lab:
        text = lab.lab_file.read_text(encoding="utf-8").replace("{release: stable}", "false")
        lab.lab_file.write_text(text, encoding="utf-8")
        done = torchard("apply", lab.lab_file, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        lab.wanted = lab.directory / "wanted.yaml"
        lab.wanted.write_text(text.replace('["einops"]', '["einops", "pandas"]'), encoding="utf-8")
        assert torchard("lock", lab.wanted).returncode == 0
        lab.homes = [Home(mac, lab.directory / "kept" / mac.name) for mac in lab.macs.values()]
        for home in lab.homes:
            home.keep("lab")
        yield lab


@pytest.fixture
def lab(lab_once):
    """The same lab; a test may change its Macs and its files, which are put back afterwards."""
    wanted = lab_once.wanted.read_bytes()
    locks = {path: path.read_bytes() for path in (lab_once.directory / "locks").glob("*/*")}
    yield lab_once
    lab_once.wanted.write_bytes(wanted)
    for path, content in locks.items():
        path.write_bytes(content)
    for mac in lab_once.macs.values():
        mac.set(fault=None, macos="15.1")
    for home in lab_once.homes:
        home.put_back()


@pytest.fixture
def plan(lab, torchard, tmp_path):
    """A saved plan that changes all three Macs."""
    path = tmp_path / "plan.json"
    made = torchard("plan", lab.wanted, "--out", path)
    assert made.returncode == 2, made.stdout + made.stderr
    assert made.stdout.endswith(
        f"Nothing has been changed. To do exactly this: torchard apply {path}\n"
    )
    made.path = path
    return made


def lines(text, *parts):
    """Return the lines of a text that hold all of these."""
    return [line for line in text.splitlines() if all(part in line for part in parts)]


def without_disk(text):
    """Return a plan but for what is free, which others change, and for its last line."""
    return [line for line in text.splitlines() if not line.startswith(("    disk ", "Nothing "))]


def test_a_plan_is_shown_again_and_done(lab, plan, torchard):
    """Word for word; then the lab is up to date, and a second apply does nothing."""
    again = torchard("show", plan.path)
    assert again.returncode == plan.returncode
    assert again.stdout.partition("Planned for")[0] == plan.stdout.partition("Nothing has")[0]
    done = torchard("apply", plan.path, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    plan_again = done.stdout.partition("3 Macs · one two three · arm64 · macOS 15.1 · ")[0]
    assert without_disk(plan_again) == without_disk(plan.stdout)
    assert torchard("plan", lab.wanted).returncode == 0
    before = lab.snapshot()
    once_more = torchard("apply", plan.path, "--yes")
    assert (once_more.returncode, lab.snapshot()) == (0, before)
    assert "Plan: 0 Macs to change, 3 up to date." in once_more.stdout


def test_macs_that_moved_are_refused_and_the_others_go_on(lab, plan, torchard):
    """Each with what moved: a package, macOS; the JSON says the same."""
    added = next(lab.macs["one"].home.glob("miniconda3/envs/torch/lib/python3.12/site-packages"))
    (added / "cowsay-6.1.dist-info").mkdir()
    (added / "cowsay-6.1.dist-info/METADATA").write_text("Name: cowsay\nVersion: 6.1\n")
    lab.macs["two"].set(macos="15.2")
    before = lab.snapshot()
    said = torchard("apply", plan.path, "--yes", "--json")
    told = json.loads(said.stdout)
    assert said.returncode == 3
    states = {name: mac["state"] for name, mac in told["macs"].items()}
    assert states == {"one": "blocked", "two": "blocked", "three": "up_to_date"}
    moved = "it has changed since the plan was saved: "
    assert told["macs"]["two"]["reason"].startswith(f"{moved}its macOS was 15.1, and is 15.2 now")
    changed = "torch has changed on the Mac: cowsay none -> 6.1. Plan again"
    assert told["macs"]["one"]["reason"] == moved + changed
    (step,) = told["macs"]["three"]["steps"]
    assert (step["environment"], step["outcome"]) == ("torch", "done")
    after = lab.snapshot()
    for name in ("one", "two"):
        assert {k: v for k, v in before.items() if k.startswith(f"{name}/")} == {
            k: v for k, v in after.items() if k.startswith(f"{name}/")
        }


def test_a_lock_that_moved_is_never_solved_behind_a_plans_back(lab, plan, torchard):
    """Neither where the lab asks for something else now, nor where a lock was upgraded."""
    before = lab.snapshot()
    text = lab.wanted.read_text(encoding="utf-8")
    lab.wanted.write_text(text.replace(', "pandas"', ', "six"'), encoding="utf-8")
    stale = torchard("apply", plan.path, "--yes")
    assert stale.returncode == 3
    assert "3 Macs · one two three" in stale.stdout
    assert 'is out of date: its pip_specs has "pandas", and the lab asks for "six"' in stale.stdout
    assert torchard("lock", lab.wanted).returncode == 0
    moved = torchard("apply", plan.path, "--yes")
    assert moved.returncode == 3
    assert "the lock of torch has changed: numpy " in moved.stdout
    assert "Nothing has been changed." in moved.stdout
    assert lab.snapshot() == before


def test_a_mac_that_is_off_or_gone_is_unreachable(lab, plan, torchard):
    """A name that the lab gives to another Mac now is refused."""
    lab.macs["one"].set(fault="refuse")
    text = lab.wanted.read_text(encoding="utf-8")
    two, three = (f"port: {lab.macs[name].port}" for name in ("two", "three"))
    text = text.replace("  two:\n", "  too:\n").replace(two, "port: 0").replace(three, two)
    text = text.replace("port: 0", three)
    lab.wanted.write_text(text, encoding="utf-8")
    before = lab.snapshot()
    said = torchard("apply", plan.path, "--yes")
    assert said.returncode == 3
    assert lines(said.stdout, "unreachable", "refused the connection")
    assert lines(said.stdout, "unreachable", "the lab file does not name it any more")
    assert lines(said.stdout, "blocked", "Torchard was to reach it as ")
    assert lab.snapshot() == before


def test_a_plan_asks_like_any_other(lab, plan, torchard):
    """And takes neither other Macs nor other locks."""
    for words in ([], ["--json"]):
        said = torchard("apply", plan.path, *words)
        assert said.returncode == 1
        assert "Nothing was changed" in said.stderr
    for words in (["--limit", "one"], ["--locked"]):
        said = torchard("apply", plan.path, "--yes", *words)
        assert (said.returncode, said.stdout) == (1, "")
        assert "A saved plan already says which Macs and which lock files." in said.stderr


def test_a_plan_with_nothing_to_do_is_saved_and_done_as_well(lab, torchard, tmp_path):
    """A script needs no other way."""
    made = torchard("plan", lab.lab_file, "--out", tmp_path / "plan.json")
    assert (made.returncode, made.stdout.splitlines()[-1]) == (0, "Nothing has been changed.")
    done = torchard("apply", tmp_path / "plan.json", "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Nothing has been changed.")


def test_results_are_shown_again(lab, torchard, tmp_path):
    """What `apply --json` printed, with how long it took and what was verified."""
    path = tmp_path / "plan.json"
    assert torchard("plan", lab.wanted, "--limit", "one", "--out", path).returncode == 2
    done = torchard("apply", path, "--yes", "--json")
    (tmp_path / "results.json").write_text(done.stdout, encoding="utf-8")
    shown = torchard("show", tmp_path / "results.json")
    assert shown.returncode == 0
    assert "verified: python 3.12" in shown.stdout
    assert shown.stdout.endswith("Done: 1 Mac up to date.\n")

"""A verification that fails is remembered, and the same lock can be built again."""

from __future__ import annotations

import json
import re

import pytest
from labs import describe

from simlab.lab import SimLab

FIRST = 'pip: ["einops"]'
SECOND = 'pip: ["einops", "pytz"]'
ENVIRONMENTS = f'environments:\n  tools: {{python: "3.12", pytorch: false, {FIRST}}}\n'
NOTED = re.compile(
    r"its last verification failed on 20\d\d-\d\d-\d\d: .*einops.*;"
    r" `torchard apply --rebuild tools` builds it again"
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """One Mac with two generations of `tools`; a file of einops is gone from the active one."""
    with SimLab(tmp_path_factory.mktemp("rebuild") / "lab", 1, simlab_depot.root) as lab:
        describe(lab, ENVIRONMENTS, {"studio-01": ["tools"]})
        lab.mac = lab.macs["studio-01"]
        lab.built = []
        for text in (FIRST, SECOND):
            described = lab.lab_file.read_text(encoding="utf-8")
            lab.lab_file.write_text(described.replace(FIRST, text), encoding="utf-8")
            done = torchard("apply", lab.lab_file, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
            lab.built.append(active(lab))
        (active(lab) / "lib/python3.12/site-packages/einops-0.8.2.dist-info/WHEEL").unlink()
        lab.before = lab.snapshot("studio-01")
        lab.verified = torchard("verify", lab.lab_file)
        lab.after = lab.snapshot("studio-01")
        yield lab


def active(lab):
    return (lab.mac.home / "miniconda3/envs/tools").readlink()


def note(lab):
    return active(lab) / ".torchard-failed.json"


def test_what_failed_is_noted_beside_its_stamp(lab):
    """With the day and the reason; the answer says what repairs it."""
    assert lab.verified.returncode == 1
    assert "einops" in lab.verified.stdout
    assert "`torchard apply --rebuild tools`" in lab.verified.stdout
    said = json.loads(note(lab).read_text(encoding="utf-8"))
    assert said.keys() == {"date", "reason"}
    assert "einops" in said["reason"]
    assert not (lab.mac.home / ".torchard/lock").exists()


def test_a_verification_writes_nothing_but_that_note(lab):
    """Every other file of the Mac is as it was, and the run lock is gone again."""
    assert {path for path, entry in lab.after.items() if lab.before.get(path) != entry} == {
        f"studio-01/{note(lab).relative_to(lab.mac.home)}"
    }
    assert lab.before.keys() <= lab.after.keys()


def test_plan_and_status_say_so(lab, torchard):
    """As a note and a change; nothing is built again unasked."""
    plan = torchard("plan", lab.lab_file, "--json")
    assert plan.returncode == 0
    data = json.loads(plan.stdout)["macs"]["studio-01"]
    (warning,) = data["warnings"]
    assert NOTED.fullmatch(warning.removeprefix("tools: ")), warning
    assert (data["state"], data["steps"]) == ("up_to_date", [])
    status = torchard("status", lab.lab_file, "--json")
    assert status.returncode == 0
    _, tools = json.loads(status.stdout)["status"]["studio-01"]
    assert (tools["since"], tools["apply"]) == ("modified", None)
    assert any(map(NOTED.fullmatch, tools["remarks"])), tools["remarks"]


def test_nobody_waits_to_note_it(lab, torchard):
    """Another run's lock is respected, and the message says that nothing was noted."""
    before = note(lab).read_bytes()
    holder = lab.mac.root / "holder"
    holder.write_text("read -r line\n")
    lock = lab.mac.home / ".torchard/lock"
    lock.mkdir()
    (lock / "owner").write_text("a-token 1790000000 bob@lab\n")
    try:
        done = torchard("verify", lab.lab_file, "--json")
    finally:
        (lock / "owner").unlink()
        lock.rmdir()
        holder.unlink()
    assert done.returncode == 1
    warnings = json.loads(done.stdout)["macs"]["studio-01"]["warnings"]
    assert any(
        "failed verification of tools was not noted on this Mac: " in one for one in warnings
    )
    assert note(lab).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--rebuild", "tols"], "There is no environment tols in lab.yaml.\n  Did you mean tools?"),
        (["--rebuild", "tools", "--limit", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_built_again_is_reported_before_a_mac_is_contacted(
    lab, torchard, words, sentence
):
    """A sentence and 1."""
    done = torchard("apply", lab.lab_file, "--yes", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr


def test_a_saved_plan_is_done_as_it_is(lab, torchard, tmp_path):
    """It says itself what is to be built."""
    file = tmp_path / "plan.json"
    assert torchard("plan", lab.lab_file, "--out", file).returncode == 0
    done = torchard("apply", file, "--rebuild", "tools")
    assert (done.returncode, done.stdout) == (1, "")
    assert "A saved plan is done as it is: give --rebuild with a LAB." in done.stderr


def test_the_same_lock_is_built_again_beside_and_what_failed_goes(lab, torchard):
    """It is verified, then shown; the good generation before both stays for a rollback."""
    older, failed = lab.built
    done = torchard("apply", lab.lab_file, "--yes", "--rebuild", "tools")
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        r"  ~ tools +\d+ kept, 0 to change +new generation",
        r"      you asked to rebuild it",
        r"  ~ tools +\d+ kept, 0 changed +built and active",
        r"Done: 1 Mac up to date\.",
    ):
        assert re.search(f"^{line}$", done.stdout, re.MULTILINE), done.stdout
    assert active(lab).name == f"{failed.name}.2"
    left = {path.name for path in older.parent.iterdir() if not path.name.startswith(".")}
    assert left == {older.name, active(lab).name}
    verified = torchard("verify", lab.lab_file)
    assert verified.returncode == 0, verified.stdout
    assert not note(lab).exists()


def test_a_later_success_takes_the_note_away(lab, torchard):
    """It is the last verification that counts, and one that can be gone back to."""
    note(lab).write_text('{"date": "2026-11-29 08:00:00", "reason": "einops is missing"}\n')
    back = torchard("rollback", "tools", lab.lab_file, "--json", "--yes")
    assert json.loads(back.stdout)["macs"]["studio-01"]["state"] == "up_to_date"
    assert active(lab) == lab.built[0]
    forward = torchard("apply", lab.lab_file, "--yes")
    assert forward.returncode == 0, forward.stdout
    assert torchard("verify", lab.lab_file).returncode == 0
    assert not note(lab).exists()
    assert "its last verification" not in torchard("plan", lab.lab_file).stdout

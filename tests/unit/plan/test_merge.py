"""What several controllers did on different Macs of a lab is one result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from locked import lock, mac, package, shown

from torchard.errors import TorchardError
from torchard.lab.model import MacHost
from torchard.plan.codec import document, dumps
from torchard.plan.disk_use import DiskUse
from torchard.plan.drift import EnvironmentStatus
from torchard.plan.merge import merge
from torchard.plan.plan import Plan, plan_mac, unreachable
from torchard.plan.result import MacRun, Result, report_failure, report_skipped
from torchard.plan.target import Target
from torchard.render.status import status_document

LOCK = lock([package("python", "3.12.13"), package("torch", "2.9.1")])
A, B = Path("a.json"), Path("b.json")


def planned(name, state):
    return plan_mac(Target(MacHost(name), state, locks={"torch": LOCK}))


NEW, SAME = planned("new", mac()), planned("same", shown(LOCK))
DONE, FAILED = report_skipped(SAME), report_failure(NEW, MacRun(reason="pip failed"))


def test_results_have_the_macs_of_all_files_and_one_exit_code():
    """The failure in one file decides, whatever the other says."""
    one, other = Result((DONE,)), Result((FAILED, report_skipped(unreachable("off", "it is off"))))
    made = merge([(A, one), (B, other)])
    assert [one.name for one in made.macs] == ["same", "new", "off"]
    assert (made.summary.up_to_date, made.summary.failed, made.summary.unreachable) == (1, 1, 1)
    assert [merge([(A, one)]).summary.exit_code, made.summary.exit_code] == [0, 1]


def test_plans_fetch_what_one_depot_lacks():
    """An artefact counts once, and not at all if every depot has it."""
    digests = frozenset(one.sha256 for step in NEW.steps for one in step.packages if one.sha256)
    one, other = Plan((NEW,), digests), Plan((SAME,))
    assert merge([(A, one), (B, other)]).summary.fetch_bytes == Plan((NEW,)).summary.fetch_bytes
    assert merge([(A, one), (B, Plan((SAME,), digests))]).summary.fetch_bytes == 0


def test_a_mac_in_two_files_is_an_error():
    """Both files are named: only a person knows which one is newer."""
    with pytest.raises(TorchardError) as caught:
        merge([(A, Result((DONE, FAILED))), (B, Result((FAILED,)))])
    assert caught.value.message == "a.json and b.json both have the Mac new."
    assert "--limit" in caught.value.instead


@pytest.mark.parametrize(
    ("other", "kind"),
    [(Plan((SAME,)), "a plan"), (Result((DONE,), "verification"), "a verification")],
)
def test_files_of_two_kinds_are_not_merged(other, kind):
    """A plan says what would be done, and a result what was."""
    with pytest.raises(TorchardError, match=f"a.json is a result, and b.json is {kind}"):
        merge([(A, Result((FAILED,))), (B, other)])


def test_statuses_have_what_all_controllers_found():
    """Their Macs in the order of the files, and what the depots of the controllers take."""
    there = EnvironmentStatus("torch", "lab", "same")
    parts = [
        msgspec.structs.replace(
            status_document(Plan((one,)), {one.name: (there,)}),
            disk={one.name: DiskUse(5)},
            depot=7,
        )
        for one in (NEW, SAME)
    ]
    assert merge([(A, parts[0])]) == parts[0]
    made = merge([(A, parts[0]), (B, parts[1])])
    assert [*made.macs] == [*made.status] == [*made.disk] == ["new", "same"]
    assert (made.depot, made.summary.change, made.summary.up_to_date) == (14, 1, 1)
    with pytest.raises(TorchardError, match=r"a\.json is a status, and b\.json is a plan"):
        merge([(A, parts[0]), (B, Plan((SAME,)))])


def test_the_command_shows_several_files_as_one(tmp_path):
    """As text and as JSON, with the exit code of the whole."""
    for file, made in (("a.json", Result((DONE,))), ("b.json", Result((FAILED,)))):
        (tmp_path / file).write_text(dumps(document(made)), encoding="utf-8")

    def show(*words):
        command = [sys.executable, "-m", "torchard", "show", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    text = show("a.json", "b.json")
    assert text.returncode == 1, text.stderr
    assert text.stdout.endswith("Done: 1 Mac up to date, 1 failed.\n")
    data = show("a.json", "b.json", "--json")
    assert data.returncode == 1
    assert list(json.loads(data.stdout)["macs"]) == ["same", "new"]
    twice = show("a.json", "b.json", "a.json")
    assert (twice.returncode, twice.stdout) == (1, "")
    assert "a.json and a.json both have the Mac same." in twice.stderr

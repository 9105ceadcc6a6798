"""The status of a session: Macs answer in any order, and are listed in the lab's."""

from __future__ import annotations

import torchard.session  # isort: skip  # noqa: F401  # patches the standard library, so it comes first

from types import SimpleNamespace

import pytest
from locked import mac

from torchard.mac.state import KeptFolders
from torchard.plan.disk_use import DiskUse
from torchard.plan.plan import MacPlan, Plan
from torchard.session import status

NAMES = ["studio-01", "studio-02", "studio-03"]


@pytest.fixture
def session(monkeypatch, tmp_path):
    """A session whose last Mac answered first; nothing else of it is read."""
    kept = KeptFolders("~/.torchard/kept", 1, 1, 1)
    answered = NAMES[::-1]
    for name, answer in {
        "find_own_files": None,
        "find_all_drift": dict.fromkeys(answered, ()),
        "make_plan": Plan(tuple(MacPlan(name, "up_to_date") for name in NAMES)),
        "inspect_all_files": {},
        "add_all_damage": {},
        "measure_all_sizes": {name: DiskUse(1) for name in answered},
        "measure_depot": 0,
    }.items():
        monkeypatch.setattr(status, name, lambda *_, answer=answer, **_options: answer)
    return SimpleNamespace(
        states={name: mac(kept=kept) for name in answered},
        workspace=SimpleNamespace(depot=SimpleNamespace(root=tmp_path)),
    )


def test_disks_and_kept_folders_are_in_the_order_of_the_lab(session):
    """As text, JSON and on the page: all are made of the same object."""
    found = status.read_status(session)
    assert list(found.disk) == list(found.kept) == NAMES
    assert list(found.document.disk) == NAMES

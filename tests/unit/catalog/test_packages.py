"""packages.yaml: its form, and that its names and reasons are those that messages look up."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from fixed_catalog import REAL, load_real_catalog
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "schemas/packages.schema.json").read_text(encoding="utf-8"))
ROWS = yaml.safe_load((REAL / "packages.yaml").read_text(encoding="utf-8"))


def find_errors(rows):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = jsonschema.Draft202012Validator(SCHEMA).iter_errors(rows)
    return [f"{one.json_path}: {one.message}" for one in found]


def test_the_file_is_valid():
    """The file is valid under schemas/packages.schema.json."""
    assert find_errors(ROWS) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows["conda_names"].update(PyQt5="pyqt"),
        lambda rows: rows["conda_names"].update(tables=None),
        lambda rows: rows["import_names"].update(cv2="opencv_python"),
        lambda rows: rows.update(often="numpy, pandas"),
        lambda rows: rows["no_mac_wheels"].update(cupy="for GPUs of NVIDIA"),
        lambda rows: rows["bounds"].update(numpy="It fails."),
        lambda rows: rows.update(near=[]),
        lambda rows: rows.pop("bounds"),
    ],
)
def test_the_schema_rejects_a_damaged_file(spoil):
    """It rejects names that are not normalised, half sentences and unknown keys."""
    rows = copy.deepcopy(ROWS)
    spoil(rows)
    assert len(find_errors(rows)) == 1


def test_no_name_is_its_own_other_name():
    """A row says where two names differ, so both halves of it differ."""
    rows = [*ROWS["conda_names"].items(), *ROWS["import_names"].items()]
    assert [name for name, other in rows if name == other] == []


def test_a_wheel_that_is_often_asked_for_is_there_for_macs():
    """Torchard proposes no name that it knows to have no wheel for Macs."""
    assert set(ROWS["often"].split()) & ROWS["no_mac_wheels"].keys() == set()


def test_every_bound_of_the_catalogue_has_a_reason():
    """A message about such a bound says why Torchard adds it, and no reason is unused."""
    bounds = {
        Requirement(text).name for one in load_real_catalog().releases for text in one.constraints
    }
    assert bounds == ROWS["bounds"].keys()

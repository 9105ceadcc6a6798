"""The schema is the only list of settings: every place that takes settings takes all of them."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from torchard.lab import build
from torchard.lab.load import LabError, load_lab
from torchard.lab.model import MacHost
from torchard.lab.settings import lab_wide_keys, merged_keys, read_schema, setting_keys

ROOT = Path(__file__).parents[3]
# A value of each setting that is not its default.
VALUES = {
    "environments": ["torch"],
    "ssh": {"user": "ann"},
    "miniconda": {"distribution": "miniforge"},
    "channels": ["bioconda"],
    "mirrors": {"wheels": "https://mirror.example.com/simple"},
    "indexes": {"pyg": {"url": "https://a.example/{torch}.html", "packages": ["pyg-lib"]}},
    "shell": "zsh",
    "accept_license": True,
    "accept_anaconda_terms": True,
    "prune": True,
    "frozen": True,
    "delivery": {"url": "https://packages.example.com/lab"},
    "transfers": {"parallel": 4},
    "keep": {"logs": 7},
    "timeouts": {"step": 60},
}


def load_with(tmp_path, place, key):
    """Load a lab of one Mac that has one setting, written at `place`."""
    said = {key: VALUES[key]}
    lab = {
        "environments": {"torch": {"python": "3.12"}},
        "groups": {"studio": said if place == "group" else {}},
        "macs": {"one": {"groups": ["studio"], **(said if place == "Mac" else {})}},
        **(said if place == "top" else {}),
        **({"defaults": said} if place == "defaults" else {}),
    }
    path, defaults = tmp_path / "lab.yaml", tmp_path / "all.py"
    path.write_text(json.dumps(lab), encoding="utf-8")
    text = f"{key} = {VALUES[key]!r}\n" if place == "group_data" else ""
    defaults.write_text(text, encoding="utf-8")
    return load_lab(path, said if place == "--data" else None, defaults).macs["one"]


def test_every_setting_has_a_value_here():
    """A setting that is new in the schema is tested in every place."""
    assert set(VALUES) == set(setting_keys())


@pytest.mark.parametrize("key", VALUES)
def test_every_place_takes_every_setting(tmp_path, key):
    """A Mac gets the same from its group, its own entry, defaults, group_data and `--data`."""
    field = {"shell": "shells"}.get(key, key)
    plain = getattr(MacHost("one"), field)
    got = {
        place: getattr(load_with(tmp_path, place, key), field)
        for place in ("group", "Mac", "defaults", "group_data", "--data")
    }
    assert plain not in got.values()
    assert len(set(map(repr, got.values()))) == 1


@pytest.mark.parametrize("key", [key for key in VALUES if key != "environments"])
def test_the_top_of_a_lab_takes_the_settings_that_the_schema_has_there(tmp_path, key):
    """Those apply to all Macs; any other setting at the top is an unknown key."""
    if key in lab_wide_keys():
        plain = getattr(MacHost("one"), key)
        assert getattr(load_with(tmp_path, "top", key), key) != plain
    else:
        with pytest.raises(LabError, match=f'the file has no key "{key}"'):
            load_with(tmp_path, "top", key)


def test_a_mac_takes_every_setting_of_a_group():
    """The schema repeats the settings under `mac`, because editors show them there."""
    parts = read_schema()["$defs"]
    settings = parts["settings"]["properties"]
    assert settings.items() <= parts["mac"]["properties"].items()


def test_every_setting_is_a_field_of_a_mac():
    """The builder fills fields by name: a setting without a field would be ignored."""
    fields = {field.name for field in dataclasses.fields(MacHost)}
    assert {"shells" if key == "shell" else key for key in setting_keys()} <= fields


def test_mappings_merge_and_all_else_replaces():
    """Which settings merge follows from their type in the schema."""
    merged = {"ssh", "miniconda", "mirrors", "indexes", "transfers", "keep", "timeouts"}
    assert merged_keys() == merged
    assert lab_wide_keys() == (
        "indexes",
        "accept_license",
        "accept_anaconda_terms",
        "prune",
        "delivery",
        "transfers",
        "keep",
        "timeouts",
    )


def test_the_docs_explain_every_setting():
    """docs/lab.md, to which group_data/all.py refers, has each setting as code."""
    page = "docs/lab.md"
    assert page in (ROOT / "group_data/all.py").read_text(encoding="utf-8")
    words = re.findall(r"`([a-z_]+)", (ROOT / page).read_text(encoding="utf-8"))
    assert set(setting_keys()) <= set(words)


@pytest.mark.parametrize("written", ["zsh", "[zsh]"])
def test_a_shell_is_found_by_its_whole_name(tmp_path, monkeypatch, written):
    """`shell: zsh` does not also mean a shell whose name is a part of that word."""
    monkeypatch.setattr(build, "SHELLS", ("sh", "zsh", "bash"))
    path = tmp_path / "lab.yaml"
    path.write_text(f"macs:\n  one: {{shell: {written}}}\n", encoding="utf-8")
    assert load_lab(path).macs["one"].shells == ("zsh",)

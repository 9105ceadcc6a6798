"""`torchard catalog refresh` proposes rows for new releases, from facts alone.

The newest release of the real rows is proposed again from simlab's index, which has it too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from fixed_catalog import FIXED, REAL, load_real_catalog

from torchard.catalog.catalog import load_catalog, parse_catalog
from torchard.curate.new_builds import fetch_records, propose_builds
from torchard.curate.new_installers import PROPOSERS, propose_miniconda, propose_miniforge
from torchard.curate.new_wheels import propose_releases
from torchard.curate.proposal import INSTALLERS, PYTORCH, Proposal, make_diff
from torchard.curate.refresh import NewRows, add_rows, find_new_rows
from torchard.curate.verify import fetch_listings
from torchard.lab.model import Mirrors

ROOT = Path(__file__).parents[3]
TEXTS, REAL_TEXTS = (
    {name: (folder / name).read_text(encoding="utf-8") for name in (PYTORCH, INSTALLERS)}
    for folder in (FIXED, REAL)
)
NEWEST = str(load_real_catalog().releases[0])
NEW, OLD = "a" * 64, "b" * 64


def files(proposals):
    """Return the catalogue's files with the proposed rows, valid under their schema."""
    after = add_rows(TEXTS, NewRows(list(proposals)))
    schema = json.loads((ROOT / "schemas/catalog.schema.json").read_text(encoding="utf-8"))
    data = {name: yaml.safe_load(text) for name, text in after.items()}
    for one in data.values():
        jsonschema.Draft202012Validator(schema).validate(one)
        named = {key for row in _sourced(one) for key in row["source"]}
        assert named <= set(one["sources"])
    return data, after


def _sourced(value):
    if isinstance(value, dict):
        yield from [value] if "source" in value else []
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _sourced(one)


@pytest.fixture
def older():
    """The real catalogue before its newest release, and as text."""
    before, first, _newest, _, rest = re.split(
        r"(?m)^(  - torch: )", REAL_TEXTS[PYTORCH], maxsplit=2
    )
    text = before + first + rest
    return parse_catalog(yaml.safe_load(text), yaml.safe_load(REAL_TEXTS[INSTALLERS])), text


def test_a_new_release_is_proposed_like_the_real_row(served, older, monkeypatch, tmp_path):
    """Its companions, pythons and macOS are those of the real row; its MPS floor is unverified."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    known, text = older
    (proposal,) = propose_releases(fetch_listings(served.index).wheels, known)
    after = add_rows({**REAL_TEXTS, PYTORCH: text}, NewRows([proposal]))[PYTORCH]
    got = yaml.safe_load(after)["releases"][0]
    real = yaml.safe_load(REAL_TEXTS[PYTORCH])["releases"][0]
    for package in ("torch", "torchvision", "torchaudio"):
        assert got[package] == real[package]
        for row in real["arm64"][package]:
            row["needs"] = "unknown"  # the wheels of simlab's index cannot be fetched
    assert (got["arm64"], got["mps"]) == (real["arm64"], "unverified")
    first = real["arm64"]["torch"][0]["python"][0].replace(".", "")
    assert f"torch-{NEWEST}-cp{first}-" in "".join(proposal.lines)
    assert (
        parse_catalog(yaml.safe_load(after), yaml.safe_load(REAL_TEXTS[INSTALLERS])).releases[0].mps
        is None
    )


def test_a_release_without_companions_is_only_reported(served, older, monkeypatch, tmp_path):
    """A torch whose companions are missing gets no row, only a sentence with uv's reason."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    listed = fetch_listings(served.index).wheels
    served.instead["/simple/torchvision/index.json"] = None
    (said,) = propose_releases(listed, older[0])
    assert said.startswith(f"torch {NEWEST} is new, but it has no companions yet: ")
    assert "torchvision" in said


def channel(served, **builds):
    """Serve a channel in which each arch has the records given; return its URL."""
    for subdir in ("osx-arm64", "osx-64"):
        data = {"packages": {}, "packages.conda": dict(enumerate(builds.get(subdir[4:], [])))}
        served.instead[f"/new/{subdir}/current_repodata.json"] = json.dumps(data)
    return f"{served.url}/new"


def build(name, version, build, *depends):
    return {
        "name": name, "version": version, "build": build, "build_number": 1, "depends": depends,
    }  # fmt: skip


def test_new_builds_of_a_channel_are_proposed(served):
    """A build of a known release is a row with its pythons, its `__osx` and its companions."""
    arm = [
        build("pytorch", "2.14.1", "cpu_generic_py311_h1_1", "__osx >=12.0"),
        build("pytorch", "2.14.1", "cpu_generic_py314_h1_1", "__osx >=12.0"),
        build("pytorch", "2.13.0", "cpu_generic_py311_h1_1", "__osx >=12.0"),
        build("pytorch", "2.16.0", "cpu_generic_py311_h1_1", "__osx >=12.0"),
        build("torchvision", "0.29.2", "py311_1", "pytorch >=2.14.1,<2.15.0a0"),
        build("torchaudio", "2.11.0", "py311_1", "pytorch 2.10.* cpu_generic*"),
    ]
    known = load_catalog()
    source = known.sources["conda-forge"]
    found = fetch_records(channel(served, arm64=arm), known)
    proposals = list(propose_builds(source, found, {one.version for one in known.releases}))
    data, _ = files(proposals)
    row = next(one for one in data[PYTORCH]["conda"] if one["name"] == "conda-forge")["releases"][0]
    assert row == {
        "torch": "2.14.1", "torchvision": None, "python": ["3.11", "3.14"],
        "macos": {"arm64": "12.0"}, "source": ["conda-forge"],
    }  # fmt: skip
    assert len(proposals) == 1


def test_new_installers_have_the_published_hash(served):
    """Newer files of a vendor's table become rows; older ones and other systems do not."""
    table = "".join(
        f"<tr><td><a href='{file}'>{file}</a></td><td>1 MB</td><td>{sha}</td></tr>"
        for file, sha in {
            "Miniconda3-py313_26.9.4-1-MacOSX-arm64.sh": NEW,
            "Miniconda3-py313_26.9.4-1-MacOSX-arm64.pkg": OLD,
            "Miniconda3-py313_26.9.4-1-Linux-x86_64.sh": OLD,
            "Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh": OLD,
        }.items()
    )
    served.instead["/miniconda/"] = f"<table>{table}</table>"
    known = load_catalog().installers["miniconda"]
    proposals = list(propose_miniconda(replace(known, address=f"{served.url}/miniconda/{{file}}")))
    data, after = files(proposals)
    row = data[INSTALLERS]["distributions"][0]["installers"][0]
    assert row == {
        "version": "26.9.4-1", "python": "3.13", "arch": "arm64", "macos": None,
        "file": "Miniconda3-py313_26.9.4-1-MacOSX-arm64.sh", "sha256": NEW, "source": ["published"],
    }  # fmt: skip
    assert len(proposals) == 1
    assert "published:" in after[INSTALLERS]


def test_latest_miniforge_is_proposed_for_both_archs(served):
    """Its hashes are those of the .sha256 files beside it. The known latest one is not new."""
    known = load_catalog().installers["miniforge"]
    known = replace(known, address=f"{served.url}/releases/download/{{version}}/{{file}}")
    served.instead["/releases/latest"] = "<a href='/x/releases/tag/26.9.1-0'>26.9.1-0</a>"
    for arch, sha in (("arm64", NEW), ("x86_64", OLD)):
        path = f"/releases/download/26.9.1-0/Miniforge3-26.9.1-0-MacOSX-{arch}.sh.sha256"
        served.instead[path] = f"{sha}  ./Miniforge3-26.9.1-0-MacOSX-{arch}.sh\n"
    data, _ = files(propose_miniforge(known))
    rows = data[INSTALLERS]["distributions"][1]["installers"]
    assert [(one["version"], one["arch"], one["sha256"]) for one in rows[:2]] == [
        ("26.9.1-0", "arm64", NEW),
        ("26.9.1-0", "x86_64", OLD),
    ]
    served.instead["/releases/latest"] = f"/releases/tag/{known.rows[0].version}"
    assert not list(propose_miniforge(known))


def test_a_source_that_does_not_answer_does_not_stop_the_others(served, monkeypatch, tmp_path):
    """An unreachable channel is named, and the wheels are still compared."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", served.index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    mirrors = Mirrors(conda={"conda-forge": f"{served.url}/none", "pytorch": channel(served)})
    found = find_new_rows(["wheels", "conda"], load_real_catalog(), mirrors)
    (silent,) = found.unanswered
    assert silent.startswith("the channel conda-forge: ")
    assert (found.proposals, found.remarks) == ([], [])


def test_git_applies_the_diff(tmp_path):
    """The printed diff is a valid patch."""
    row = Proposal(PYTORCH, ("conda:", "  - name: conda-forge", "    releases:"), ("      # new",))
    after = add_rows(TEXTS, NewRows([row]))[PYTORCH]
    assert after.splitlines().count("      # new") == 1
    path = f"torchard/catalog/{PYTORCH}"
    (tmp_path / path).parent.mkdir(parents=True)
    shutil.copy(FIXED / PYTORCH, tmp_path / path)
    shown = make_diff(path, TEXTS[PYTORCH], after)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=shown, text=True, check=True)
    assert (tmp_path / path).read_text(encoding="utf-8") == after


def test_the_command_prints_a_diff_and_writes_only_with_write(served, tmp_path, older):
    """It exits with 2. With --write, the catalogue's files get the rows."""
    shutil.copytree(
        ROOT / "torchard", tmp_path / "torchard", ignore=shutil.ignore_patterns("__py*")
    )
    file = tmp_path / "torchard/catalog" / PYTORCH
    file.write_text(older[1], encoding="utf-8")
    reached = {"UV_DEFAULT_INDEX": served.index, "UV_CACHE_DIR": str(tmp_path / "uv")}

    def refresh(*more):  # the torchard of its working directory
        return subprocess.run(
            [sys.executable, "-m", "torchard", "catalog", "refresh", "--from", "wheels", *more],
            cwd=tmp_path,
            env={**os.environ, **reached},
            capture_output=True,
            text=True,
            check=False,
        )

    shown = refresh()
    assert shown.returncode == 2, shown.stderr
    assert re.search(rf"(?m)^\+  - torch: {re.escape(NEWEST)}$", shown.stdout)
    assert file.read_text(encoding="utf-8") == older[1]
    written = refresh("--write")
    assert (written.returncode, written.stdout) == (2, shown.stdout)
    assert "    mps: unverified\n" in file.read_text(encoding="utf-8")
    again = refresh()
    assert (again.returncode, again.stdout) == (0, "Nothing is new.\n")


def test_a_missing_heading_is_an_error():
    """A file in another form is not changed."""
    with pytest.raises(Exception, match="the catalogue is not valid"):
        add_rows(TEXTS, NewRows([Proposal(PYTORCH, ("nowhere:",), ("x",))]))


def test_each_distribution_has_a_query_for_new_installers():
    """`torchard catalog refresh` asks the vendor of each distribution in installers.yaml."""
    assert PROPOSERS.keys() == load_real_catalog().installers.keys()

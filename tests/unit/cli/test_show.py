"""`torchard show`: what --json printed is shown as the command printed it."""

from __future__ import annotations

import json

import msgspec
import pytest
from click.testing import CliRunner
from stories import standing

from torchard.cli.main import cli
from torchard.mac.state import KeptFolders
from torchard.plan.codec import dumps, to_data
from torchard.plan.disk_use import DiskUse
from torchard.render.status import status_document, status_document_lines


@pytest.fixture
def status(tmp_path):
    """A status with all that it may have, and its file."""
    plan, found = standing()
    kept = {"studio-03": KeptFolders("~/.torchard/kept", 2, 30, 4_000)}
    made = msgspec.structs.replace(
        status_document(plan, found, kept), disk={"studio-01": DiskUse(3 * 10**9)}, depot=10**9
    )
    path = tmp_path / "status.json"
    path.write_text(dumps(made), encoding="utf-8")
    return made, path


def test_a_status_is_shown_as_status_printed_it(status):
    """Drift, versions, sizes and what an apply would do: as text and as JSON."""
    made, path = status
    text = CliRunner().invoke(cli, ["show", str(path)])
    assert text.exit_code == made.summary.exit_code == 3
    expected = [line.plain for line in status_document_lines(made)]
    assert [line.rstrip() for line in text.stdout.splitlines()] == expected
    for words in ("cowsay", "On disk:", "3000 MB", "First, since Torchard made it:", "kept"):
        assert words in text.stdout
    as_json = CliRunner().invoke(cli, ["show", str(path), "--json"])
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (3, to_data(made))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"format": 2, "kind": "doctor", "macs": {}}, "what `torchard doctor --json` printed, and"),
        ({"format": 2, "explain": {}}, "what `torchard plan --explain MAC --json` printed, and"),
        ({"format": 1, "variant": {}}, "what `torchard choose --json` printed, and"),
        ({"format": 1, "kind": "bundle"}, "what `torchard bundle --json` printed, and"),
        ({"format": 2, "kind": ["x"]}, "JSON, but"),
    ],
)
def test_other_json_is_refused_with_what_it_is_and_what_show_reads(tmp_path, data, says):
    """Planning again would not help."""
    path = tmp_path / "other.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    said = str(CliRunner().invoke(cli, ["show", str(path)]).exception)
    assert f"this is {says} not a plan." in said
    assert "`torchard show` reads saved plans, and the JSON of plan, apply," in said
    assert "Plan again" not in said

"""`torchard schema`: the schema of lab files, printed or renewed in a file."""

from __future__ import annotations

import json

from click.testing import CliRunner

from torchard.cli.main import cli


def run(*words):
    """Run the command; return its exit code, its output, and its error as a sentence."""
    done = CliRunner().invoke(cli, [str(word) for word in words])
    error = "" if isinstance(done.exception, SystemExit) else str(done.exception or "")
    return done.exit_code, done.stdout, error


def test_the_schema_is_printed_or_renewed_in_a_file(tmp_path):
    """An older copy of it is renewed; any other file stays as it is."""
    code, out, err = run("schema")
    assert (code, err) == (0, "")
    assert json.loads(out)["$id"] == "urn:torchard:lab"
    path = tmp_path / "lab.schema.json"
    path.write_text('{\n  "$id": "urn:torchard:lab"\n}\n', encoding="utf-8")
    assert run("schema", "--out", path) == (0, f"Schema written: {path}\n", "")
    assert path.read_text(encoding="utf-8") == out
    path.write_text("mine", encoding="utf-8")
    code, out, err = run("schema", "--out", path)
    assert (code, out) == (1, "")
    assert f"{path} exists and is not this schema.\n  Name another file with --out." in err
    assert path.read_text(encoding="utf-8") == "mine"
    _, _, err = run("schema", "--out", tmp_path / "none" / "schema.json")
    assert "cannot be written: its folder does not exist" in err

"""`torchard demo`: the whole job on simulated Macs, and an end that says how it went."""

from __future__ import annotations

import json
import re


def test_the_demo_runs_every_command_and_keeps_what_it_should(
    tmp_path, simlab_depot, artefacts, torchard
):
    """Each command is shown as it would be typed, the second plan has nothing to do: exit 0.

    It says that the Macs are simulated, and nothing of it is left running. The lab that is kept
    was begun before, so that its depot need not be built.
    """
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "simlab.json").write_text('{"ports": {}}', encoding="utf-8")
    (lab / "depot").symlink_to(simlab_depot.root)
    done = torchard("demo", "--macs", "1", "--keep", lab)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "These Macs are simulated" in done.stdout
    typed = re.findall(
        rf"^\$ torchard (\w+) {re.escape(str(lab))}/lab\.yaml", done.stdout, re.MULTILINE
    )
    assert typed == ["check", "lock", "plan", "apply", "verify", "plan"]
    story = done.stdout.split("\n$ torchard ")
    assert "Plan: 1 Mac to change" in story[3]
    assert "Done: 1 Mac up to date." in story[4]
    assert "Plan: 0 Macs to change, 1 up to date." in story[6]
    assert f"Kept. Type `simlab up {lab}` to start these Macs again." in story[6]
    port = json.loads((lab / "simlab.json").read_text(encoding="utf-8"))["ports"]["studio-01"]
    after = torchard("plan", lab / "lab.yaml")
    assert after.returncode == 3
    assert f"127.0.0.1:{port} refused the connection" in after.stdout


def test_a_demo_of_a_lab_that_is_there_does_nothing(tmp_path, torchard):
    """A folder that a demo kept has no first plan to show: a sentence says what to type, exit 1."""
    (tmp_path / "simlab.json").write_text('{"ports": {}}', encoding="utf-8")
    (tmp_path / "lab.yaml").write_text("macs: {}\n", encoding="utf-8")
    done = torchard("demo", "--keep", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path} has a lab already, and the demo begins with a new one." in done.stderr
    assert f"Type `simlab up {tmp_path}` to start its Macs" in done.stderr
    assert (tmp_path / "lab.yaml").read_text(encoding="utf-8") == "macs: {}\n"


def test_a_demo_that_cannot_be_says_why(tmp_path, torchard):
    """Whatever else lies in a directory is left alone: exit 1."""
    (tmp_path / "thesis.tex").touch()
    done = torchard("demo", "--macs", "1", "--keep", tmp_path)
    assert done.returncode == 1
    assert "holds other things; name a directory that is new or empty" in done.stderr
    assert "The simulated Macs did not start; see above." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

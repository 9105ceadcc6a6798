"""The recipes of docs/schedule.md are what launchd, cron, a shell and GitHub take."""

from __future__ import annotations

import json
import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from stories import PLANS

from torchard.plan.codec import document, dumps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/schedule.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CHECK, NOTIFY = (text for kind, text in BLOCKS if kind == "sh")


def block(kind):
    (found,) = (text for one, text in BLOCKS if one == kind)
    return found


@pytest.fixture
def lab(tmp_path):
    """A lab folder with both scripts, and a `torchard` that prints what a test gives it."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tmp_path / "check.sh").write_text(CHECK, encoding="utf-8")
    (tmp_path / "notify.sh").write_text(NOTIFY, encoding="utf-8")

    def write(code, text, said="", name="torchard"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        tool = tools / name
        tool.write_text(
            f"#!/bin/sh\necho '{said}' >&2\ncat '{tmp_path / name}'\nexit {code}\n",
            encoding="utf-8",
        )
        tool.chmod(0o755)

    def run(script):
        path = f"{tools}:/usr/bin:/bin"
        return subprocess.run(
            ["sh", str(tmp_path / script)], env={"PATH": path}, cwd="/",
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    write.run, write.tools = run, tools
    return write


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq here")
def test_the_check_prints_the_macs_that_are_not_up_to_date(lab):
    """And nothing if all are. An error without an answer is a line as well."""
    found = document(PLANS["left"]())
    lab(3, dumps(found))
    done = lab.run("check.sh")
    states = {name: mac.state for name, mac in found.macs.items()}
    expected = [name for name, state in states.items() if state != "up_to_date"]
    assert done.returncode == 3
    named = [line.split(": ")[0] for line in done.stdout.splitlines() if ": " in line]
    assert set(expected) <= set(named)
    lab(0, json.dumps({"macs": {"a": {"state": "up_to_date"}}}))
    assert (lab.run("check.sh").returncode, lab.run("check.sh").stdout) == (0, "")
    lab(1, "", "inventory/lab.yaml cannot be read.")
    done = lab.run("check.sh")
    assert done.stdout == "torchard status failed: inventory/lab.yaml cannot be read.\n"


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq here")
def test_the_notification_gets_the_lines_as_one_argument(lab, tmp_path):
    """A Mac's reason cannot become a part of the AppleScript."""
    reason = 'x" & (do shell script "id") & "'
    macs = {"a": {"state": "blocked", "reason": reason}}
    lab(3, json.dumps({"macs": macs}))
    osascript = lab.tools / "osascript"
    osascript.write_text(
        "#!/bin/sh\nfor one; do last=$one; done\n"
        f"printf '%s|%s' \"$#\" \"$last\" >'{tmp_path}/shown'\n",
        encoding="utf-8",
    )
    osascript.chmod(0o755)
    assert lab.run("notify.sh").returncode == 0
    assert (tmp_path / "shown").read_text(encoding="utf-8") == f"8|a: blocked {reason}"


def test_the_launchd_job_is_a_property_list():
    """It runs the script each morning, with absolute paths."""
    job = plistlib.loads(block("xml").encode())
    assert job["ProgramArguments"] == ["/bin/sh", "/Users/ada/lab/notify.sh"]
    assert job["StartCalendarInterval"] == {"Hour": 8, "Minute": 0}
    assert f"LaunchAgents/{job['Label']}.plist" in PAGE
    assert all(one.startswith("/") for one in job["EnvironmentVariables"]["PATH"].split(":"))


def test_the_cron_table_has_five_fields_and_a_command():
    """Its other lines are variables."""
    lines = block("crontab").splitlines()
    (line,) = [one for one in lines if not re.match(r"[A-Z]+=\S+$", one)]
    *fields, command = line.split(None, 5)
    assert len(fields) == 5
    assert all(re.fullmatch(r"[0-9*,/-]+", one) for one in fields)
    assert command == "sh /home/ada/lab/check.sh"


def tool(name):
    """Return a tool of the development extra, beside this interpreter."""
    return shutil.which(name, path=str(Path(sys.executable).parent))


@pytest.mark.skipif(tool("zizmor") is None, reason="the tools of make lint are not installed")
def test_the_workflow_is_valid_and_safe(tmp_path):
    """By GitHub's schema and by zizmor; its actions are pinned as this project's own."""
    file = tmp_path / ".github/workflows/locks.yml"
    file.parent.mkdir(parents=True)
    file.write_text(block("yaml"), encoding="utf-8")
    schema = ("--builtin-schema", "vendor.github-workflows")
    for command in ([tool("check-jsonschema"), *schema, file], [tool("zizmor"), "--offline", file]):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    own = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    for pin in re.findall(r"uses: (\S+ # \S+)", block("yaml")):
        assert pin in own

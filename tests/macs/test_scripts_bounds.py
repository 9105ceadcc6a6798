"""What Torchard can do without stays within the bounds of the lab's `keep`."""

from __future__ import annotations

from torchard.lab.model import Keep
from torchard.operations import script_text
from torchard.operations.controller import Controller


def test_the_oldest_logs_are_removed(mac):
    """The new one counts; what is not a log of a run stays."""
    log = mac.torchard / "log"
    log.mkdir(parents=True)
    for day in range(10, 16):
        (log / f"202611{day}-120000-torch-7.log").write_text("")
    (log / "notes").write_text("")
    body = 'take_lock\nopen_log torch\n: >"$log"'
    controller = Controller("ada@desk", "a-token", Keep(logs=3))
    assert mac.run(script_text.under_run_lock(body, controller, {})).returncode == 0
    left = sorted(path.name for path in log.iterdir())
    assert left[:2] == ["20261114-120000-torch-7.log", "20261115-120000-torch-7.log"]
    assert (len(left), left[-1]) == (4, "notes")

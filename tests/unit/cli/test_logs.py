"""`-v` and `--log FILE`: what pyinfra and ssh say of a Mac."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from torchard.cli import logs
from torchard.errors import TorchardError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def loggers():
    """Restore what the options change."""
    before = [(one, one.level, list(one.handlers)) for one in map(logging.getLogger, logs._LOGGERS)]
    yield
    for logger, level, handlers in before:
        for added in set(logger.handlers) - set(handlers):
            added.close()
        logger.setLevel(level)
        logger.handlers[:] = handlers


def test_both_options_say_how_a_mac_was_reached(tmp_path):
    """Stdout still has only JSON; the file is its owner's alone."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    lab = tmp_path / "lab.yaml"
    mac = f"{{address: 127.0.0.1, ssh: {{port: {port}}}}}"
    lab.write_text(f"macs: {{studio-01: {mac}}}\n", encoding="utf-8")
    log = tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-m", "torchard", "plan", lab, "--json", "-v", "--log", log],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["macs"]["studio-01"]["state"] == "unreachable"
    kept = log.read_text(encoding="utf-8")
    for text in (done.stderr, kept):
        assert re.search(r"torchard\.ssh: \$ \S*ssh .*-G", text)
        assert "pyinfra: Connecting to: 127.0.0.1" in text
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("loggers")
def test_what_another_computer_says_is_safe_and_without_secrets(tmp_path, capsys):
    """Escape sequences, logins in URLs and endless messages stay out of terminal and file."""
    logs.show_logs()
    logs.keep_logs(tmp_path / "log")
    secret = "\x1b]0;owned\x07 https://ann:secret@a.example/t/token/x " + "x" * 10_000
    logging.getLogger("paramiko").debug(secret)
    for text in (capsys.readouterr().err, (tmp_path / "log").read_text(encoding="utf-8")):
        assert "https://a.example/t/***/x" in text
        assert not {"\x1b", "\x07"} & set(text)
        assert "secret" not in text
        assert len(text) < 4200


@pytest.mark.usefixtures("loggers")
def test_a_login_is_not_cut_before_it_is_left_out(tmp_path):
    """Without its @, it would not be found."""
    logs.keep_logs(tmp_path / "log")
    text = "x" * (logs._MOST_CHARACTERS - 20) + " https://ann:secret@a.example/"
    logging.getLogger("paramiko").debug(text)
    assert "secret" not in (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.usefixtures("loggers")
def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path):
    """Before any Mac is contacted."""
    with pytest.raises(TorchardError, match=r"cannot be written: No such file or directory\."):
        logs.keep_logs(tmp_path / "none" / "log")

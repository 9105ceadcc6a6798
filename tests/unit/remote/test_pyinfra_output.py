"""What pyinfra prints of a Mac cannot control a terminal."""

from __future__ import annotations

import logging

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyinfra import logger
from pyinfra.api import output

from torchard.remote import pyinfra_output
from torchard.remote.pyinfra_output import sanitize_styled

HOSTILE = "\x1b]0;owned\x07\x9b2J\u202eevil\x85\x1b[8mhidden\rover"


@pytest.fixture
def shown(monkeypatch):
    """Let pyinfra print as its command does; return what it printed."""
    lines = []

    class Keeper(logging.Handler):
        def emit(self, record):
            lines.append(record.msg % record.args if record.args else record.msg)

    monkeypatch.setattr(click, "echo", lambda message, **_: lines.append(message))
    output.set_echo(click.echo)
    keeper = Keeper()
    logger.addHandler(keeper)
    for _ in range(2):  # two inventories in one process
        pyinfra_output.sanitize_output()
    yield lines
    logger.removeHandler(keeper)
    logger.removeFilter(pyinfra_output._FILTER)
    output.set_echo(output._default_echo)


def test_what_is_logged_and_echoed_is_sanitized(shown):
    """Its own styles stay, and each message comes once."""
    styled = f"[{click.style('mac', bold=True)}] {click.style(HOSTILE, 'red')}"
    logger.error(styled)
    logger.error("%s of %i", HOSTILE, 3)
    output.echo(styled, err=True)
    assert len(shown) == 3
    for line in shown:
        rest = line.replace("\x1b[1m", "").replace("\x1b[31m", "").replace("\x1b[0m", "")
        assert rest.isprintable(), line
        assert "evil" in line
        assert "hidden" in line
    assert shown[0] == shown[2]
    assert shown[0].startswith("[\x1b[1mmac\x1b[0m] \x1b[31m\\x1b]0;owned")
    assert shown[1].endswith(" of 3")


def test_a_message_that_is_not_text_is_kept(shown):
    """Such as an empty line, or an exception."""
    output.echo(None)
    logger.error(ValueError("a\x1b[2Jb"))
    assert shown == [None, "a\\x1b[2Jb"]


@given(st.text())
def test_no_text_keeps_a_control(text):
    """Line breaks and pyinfra's own styles apart."""
    rest = pyinfra_output._STYLES.sub("", sanitize_styled(text))
    assert rest.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "colour", ["red", "green", "blue", "cyan", "yellow", "bright_red", "reset"]
)
def test_a_style_of_click_stays(colour):
    """Colours, bold and their end."""
    styled = click.style("word", colour, bold=True)
    assert sanitize_styled(styled) == styled

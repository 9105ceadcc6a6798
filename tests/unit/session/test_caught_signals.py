"""Ctrl-C and SIGTERM are raised only where something waits, so that what is known is not lost."""

from __future__ import annotations

import os
import signal

import gevent
import pytest

from torchard.session import signals


@pytest.fixture
def send(monkeypatch):
    """Send this process a signal, and let the main greenlet wait a moment."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(signals, "_RECEIVED", signals._Received())
    signals.install_signal_handlers()

    def begin(number):
        os.kill(os.getpid(), number)
        gevent.sleep(0.01)

    yield begin
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_ends_a_wait(send):
    """Ctrl-C and SIGTERM have their own exceptions, and the first one its exit code."""
    assert signals.find_exit_code() is None
    with pytest.raises(KeyboardInterrupt), signals.interruptible():
        send(signal.SIGINT)
    with pytest.raises(SystemExit, match="143"), signals.interruptible():
        send(signal.SIGTERM)
    assert signals.find_exit_code() == 130


def test_a_signal_between_two_waits_is_raised_at_the_second(send):
    """Nothing that goes on in between is lost, and the signal is raised once."""
    send(signal.SIGTERM)
    assert signals.find_exit_code() == 143
    with pytest.raises(SystemExit, match="143"), signals.interruptible():
        raise AssertionError
    with signals.interruptible():
        gevent.sleep(0.01)


def test_a_signal_ends_work_that_waits_for_nothing(send):
    """What was made before it came is not lost, and no more is made."""
    made = []

    def work():
        yield "first"
        os.kill(os.getpid(), signal.SIGINT)
        yield "second"
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        made.extend(signals.until_signal(work()))
    assert made == ["first", "second"]


def test_a_second_signal_is_raised_at_once(send):
    """A person who presses Ctrl-C twice waits for nothing."""
    send(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)

"""pyinfra orders operations by the lines of their callers, and reads no source for that."""

from __future__ import annotations

import inspect

from pyinfra.api import util

from torchard.remote.client import install_client


def find_caller():
    """Return what pyinfra knows about the caller of an operation."""
    return util.get_caller_frameinfo()


def test_no_source_is_read_for_the_order_of_operations(monkeypatch):
    """Reading it would take longer than the rest of an operation."""
    install_client()
    monkeypatch.setattr(inspect, "findsource", None)
    first = find_caller()
    second = find_caller()
    assert first.filename == second.filename == __file__
    assert second.lineno == first.lineno + 1

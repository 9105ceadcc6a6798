"""Golden files: what people are shown, kept as text beside the tests that show it."""

from __future__ import annotations

import pytest


@pytest.fixture
def golden(request):
    """Hold a text against `golden/NAME` beside the test, or write it there with --renew."""
    folder = request.path.parent / "golden"

    def hold(name, text):
        path = folder / name
        if request.config.getoption("--renew"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return hold

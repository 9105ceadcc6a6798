"""Every wheel for Macs of one release, whatever its arch and python."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from torchard.catalog.mac_class import MacClass
from torchard.lock import index


@cache
def mac_wheels(name: str, version: str, python: str) -> tuple[index.Offer, ...]:
    """Return them for a python and all newer ones; none where it is too old for the release.

    The index is asked as torchard asks it, but for all systems and pythons at once.
    """
    settings = index._read_settings(None)
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        text = f'[project]\nname = "lab"\nversion = "0"\ndependencies = ["{name}=={version}"]\n'
        (directory / "pyproject.toml").write_text(f"{text}[tool.uv]\n", encoding="utf-8")
        arguments = [
            *("pip", "compile", "pyproject.toml", "--format", "pylock.toml", "--no-deps"),
            *("--universal", "--python-version", python),
        ]
        try:
            told, _ = index._run(arguments, directory, settings, MacClass("osx-arm64", "26.0"))
        except index.WheelIndexError as error:
            if "requested Python version" not in error.message:
                raise
            return ()
        offers = index._offers(index._read_packages(told), directory, settings.logins)
        return tuple(one for one in offers if "macosx" in one.file)

"""Questions to the catalogue, and the trios that it answers with."""

from __future__ import annotations

from typing import Any

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass, find_mac_class
from torchard.catalog.variant import Refusal, Variant
from torchard.lab.model import Request

ARM, INTEL = "arm64", "x86_64"

NEW = ("2.15.0", "0.29.2", "2.11.1")
NEW_14 = ("2.14.1", "0.29.2", "2.11.1")
NEW_11 = ("2.11.0", "0.26.0", "2.11.0")
LAST_FOR_3_9 = ("2.8.0", "0.23.0", "2.8.0")
LAST_FOR_11 = ("2.9.1", "0.24.1", "2.9.1")
FIRST_MPS = ("2.4.1", "0.19.1", "2.4.1")
LAST_INTEL = ("2.2.2", "0.17.2", "2.2.2")


def answer(arch: str, macos: str, python: str, **asked: Any) -> Variant | Refusal:
    """Choose for a Mac that has a class."""
    group = find_mac_class(arch, macos, load_catalog())
    assert isinstance(group, MacClass)
    return choose(Request(python, **asked), group, load_catalog())


def refusal(arch: str, macos: str, python: str, **asked: Any) -> tuple[str, str]:
    """Choose where nothing fits; return the reason and what to write instead."""
    refused = answer(arch, macos, python, **asked)
    assert isinstance(refused, Refusal), refused
    return refused.reason, refused.instead

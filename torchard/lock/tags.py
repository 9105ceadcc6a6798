"""The wheel tags and the markers of requirements that fit a class of Macs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.tags import compatible_tags, cpython_tags, mac_platforms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

    from torchard.catalog.mac_class import MacClass


def list_tags(mac_class: MacClass, python: str) -> Iterable[Tag]:
    """Yield the wheel tags that fit a Mac class and a full version of python, the best first."""
    major, minor = (int(part) for part in python.split(".")[:2])
    macos_major, macos_minor = (int(part) for part in mac_class.macos.split("."))
    platforms = list(mac_platforms((macos_major, macos_minor), mac_class.arch))
    yield from cpython_tags((major, minor), platforms=platforms)
    yield from compatible_tags((major, minor), f"cp{major}{minor}", platforms)


def list_markers(mac_class: MacClass, python: str) -> dict[str, str]:
    """Return the values of markers (PEP 508) on the Macs of a class; `python` is a full version."""
    return {
        "os_name": "posix",
        "sys_platform": "darwin",
        "platform_system": "Darwin",
        "platform_machine": mac_class.arch,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
    }

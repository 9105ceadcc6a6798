"""Does a wheel's file name fit a Mac? By the words of PEP 425, not by the code that is tested."""

from __future__ import annotations

import re


def fits(file: str, arch: str, macos: str, python: str) -> bool:
    """Tell whether pip on a Mac would take a wheel; `macos` and `python` as `15.1` and `3.12`."""
    digits = python.replace(".", "")
    pythons, abis, platforms = file.removesuffix(".whl").split("-")[-3:]
    return (
        any(_platform(one, arch, _numbers(macos)) for one in platforms.split("."))
        and any(_python(one, abis, digits) for one in pythons.split("."))
        # Up to 3.7, the ABI's name ends in m.
        and set(abis.split(".")) <= {"none", "abi3", *(f"cp{digits}{m}" for m in ("", "m"))}
    )


def oldest(file: str) -> str:
    """Return the macOS in the tag of a wheel for Macs, as `11.0`."""
    found = re.search(r"-macosx_(\d+)_(\d+)_", file)
    assert found, file
    return ".".join(found.groups())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _platform(tag: str, arch: str, macos: tuple[int, ...]) -> bool:
    found = re.fullmatch(r"macosx_(\d+)_(\d+)_(\w+)", tag)
    if found is None:
        return tag == "any"
    needed = (int(found[1]), int(found[2]))
    return found[3] in {arch, "universal2"} and needed <= macos


def _python(tag: str, abis: str, digits: str) -> bool:
    older = re.fullmatch(r"cp3(\d+)", tag)
    if older is not None and abis == "abi3":
        return int(older[1]) <= int(digits[1:])
    return tag in {"py3", f"py{digits}", f"cp{digits}"}

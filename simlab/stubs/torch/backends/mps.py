"""Apple's GPUs, as the simulated Mac's mac.json has them."""

from __future__ import annotations

import json
import platform
import sys
import time
from functools import lru_cache
from pathlib import Path

from torch._build import MPS_MACOS, MPS_SAYS


def _read(path):
    """Read mac.json, also where somebody is just writing it."""
    for attempt in range(40, 0, -1):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            if attempt == 1:
                raise
            time.sleep(0.05)
    raise AssertionError("the last attempt returns or raises")


@lru_cache(maxsize=1)
def _mac():
    for folder in (
        Path(sys.prefix).resolve(),
        *Path(sys.prefix).resolve().parents,
        Path.home().parent,
    ):
        if (folder / "mac.json").is_file():
            return _read(folder / "mac.json")
    raise RuntimeError("this stub of torch runs on simulated Macs only")


def _load(library):
    """Load a library of a wheel, or fail as dyld does where macOS lacks what it imports."""
    try:
        unloadable = _mac()["unloadable"]
    except RuntimeError:  # not on a simulated Mac
        return
    if library.rpartition("/")[2] == unloadable:
        raise OSError(
            f"dlopen({library}, 0x0006): Symbol not found: __ZTVNSt3__115basic_stringbufE\n"
            f"  Referenced from: {library}\n  Expected in:     /usr/lib/libc++.1.dylib"
        )


def _parts(version):
    return [int(part) for part in version.split(".")[:2]]


def is_built():
    """Say whether this torch has MPS compiled in, which every wheel for macOS has."""
    return True


def is_available():
    """Say whether MPS is there; a virtual Mac, and one whose MPS lies, says so too."""
    if platform.machine() != "arm64" or not _mac()["mps"]:
        return False
    return _parts(platform.mac_ver()[0]) >= _parts(MPS_MACOS)


def _operate():
    """Compute something, or fail as the real one does."""
    if not is_available():
        raise RuntimeError(
            f"The MPS backend is supported on MacOS {MPS_SAYS}+. Current OS version "
            "can be queried using `sw_vers`"
        )
    if _mac()["mps"] == "lies" or _mac()["virtual"]:
        raise RuntimeError(
            "MPS backend out of memory (MPS allocated: 0 bytes, other allocations: "
            "0 bytes, max allowed: 1.70 GB). Tried to allocate 256 bytes on shared pool."
        )

"""What `torchard choose` must know of the Mac that it is typed on: its processor and its macOS."""

from __future__ import annotations

import subprocess
from typing import NamedTuple

from torchard.errors import TorchardError

_SECONDS = 20
# The hardware is asked, because `uname -m` says x86_64 under Rosetta. With SYSTEM_VERSION_COMPAT=0,
# sw_vers never gives the name that macOS has for programs built before its numbering changed.
_SCRIPT = """\
PATH="$PATH:/usr/bin:/bin:/usr/sbin:/sbin"
uname -s
uname -m
sysctl -n hw.optional.arm64 2>/dev/null || echo 0
SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion 2>/dev/null
"""


class ThisMac(NamedTuple):
    """A processor, as `torchard choose --arch` takes it, and a macOS such as 15.1."""

    arch: str
    macos: str


def read_this_mac() -> ThisMac:
    """Return the processor and macOS of this computer. Raise TorchardError if it is not a Mac."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", _SCRIPT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_read("its system cannot be read") from error
    system, machine, arm64, macos, *_ = (*done.stdout.decode("utf-8", "replace").split(), *[""] * 4)
    if system != "Darwin" or not macos:
        raise _not_read("it is not a Mac")
    return ThisMac("arm64" if arm64 == "1" else machine, macos)


def _not_read(reason: str) -> TorchardError:
    return TorchardError(
        f"`torchard choose` without --arch answers for the computer it runs on, but {reason}.",
        "Describe the Mac: torchard choose --arch arm64 --macos 15.1 --python 3.12",
    )

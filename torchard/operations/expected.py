"""What an environment must have that is built from a lock. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from torchard.lab.model import Timeouts

if TYPE_CHECKING:
    from torchard.lock.lockfile import Lock

# Packages that are imported as well; torch itself computes.
COMPANION_IMPORTS = ("torchvision", "torchaudio")


def describe_verification(lock: Lock, seconds: int = Timeouts.verification) -> dict[str, object]:
    """Return what an environment of a lock must have, as `verify.py` reads it.

    A verification of more than `seconds` hangs; the first import of PyTorch from a cold disk takes
    a minute.
    """
    dists = {
        str(canonicalize_name(name)): version
        for one in lock.conda
        for name, version in one.provides
    }
    dists.update({one.name: one.version for one in lock.wheels})
    variant = lock.variant
    packages = variant.packages if variant else {}
    return {
        "arch": lock.mac_class.arch,
        "python": lock.python,
        "dists": dists,
        "imports": [name for name in COMPANION_IMPORTS if name in packages],
        "torch": variant is not None,
        "mps": variant is not None and variant.mps_expected,
        "seconds": seconds,
    }

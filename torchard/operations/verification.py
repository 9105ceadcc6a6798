"""What must hold in an environment that is built from a lock. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from torchard.lock.lockfile import Lock

# A verification that takes longer hangs: the first import of PyTorch on a cold disk takes a minute.
VERIFICATION_SECONDS = 600
# Imports that verify a package beyond its version; torch itself is computed with.
COMPANION_IMPORTS = ("torchvision", "torchaudio")


def describe_verification(lock: Lock) -> dict[str, object]:
    """Return what must hold in an environment built from a lock, for `verify.py`."""
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
        "seconds": VERIFICATION_SECONDS,
    }

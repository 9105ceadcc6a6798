"""What an environment must have that is built from a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import find_safer_variant
from torchard.catalog.fit import format_macos
from torchard.lab.model import Timeouts
from torchard.plan.environment_settings import NO_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchard.catalog.mac_class import MacClass
    from torchard.catalog.variant import Variant
    from torchard.lock.lockfile import Lock

# Packages that are imported as well; torch itself computes.
COMPANION_IMPORTS = ("torchvision", "torchaudio")


def describe_verification(
    lock: Lock,
    seconds: int = Timeouts.verification,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> dict[str, object]:
    """Return what an environment of a lock must have, as `verify.py` reads it.

    A verification of more than `seconds` hangs; the first import of PyTorch from a cold disk takes
    a minute. It runs with the lab's `variables`, as the environment does once it is active.
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
        "variables": dict(variables),
        "instead": "" if variant is None else _describe_safer_release(variant, lock.mac_class),
    }


def _describe_safer_release(variant: Variant, mac_class: MacClass) -> str:
    """Say what to write if the libraries of a PyTorch cannot be loaded, if anything helps."""
    safer = find_safer_variant(variant, mac_class, load_catalog())
    if safer is None:
        return ""
    return (
        f'Write `release: "{safer}"`, the newest release whose libraries were built for macOS'
        f" {format_macos(Version(mac_class.macos))} or older."
    )

"""A small lock, for tests that change one thing of it."""

from __future__ import annotations

from typing import Any

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lock.lockfile import CondaPackage, Lock, Wheel


def python(**changes: Any) -> CondaPackage:
    """Return a conda package, changed."""
    row: dict[str, Any] = {
        "name": "python",
        "version": "3.12.13",
        "build": "h1_0_cpython",
        "channel": "conda-forge",
        "subdir": "osx-arm64",
        "file": "python-3.12.13-h1_0_cpython.conda",
        "sha256": "a" * 64,
        "size": 10,
        "provides": (("pip", "26.0"),),
    }
    return CondaPackage(**{**row, **changes})


EINOPS = Wheel("einops", "0.8.2", "einops-0.8.2-py3-none-any.whl", "b" * 64, 5)
LOCK = Lock(
    environment="torch",
    mac_class=MacClass("osx-arm64", "14.0"),
    inputs="c" * 64,
    python="3.12",
    variant=Variant(
        "wheels", {"torch": "2.14.1"}, "3.12", mps_expected=True, reason="",
        constraints=("numpy<2",),
    ),
    conda_specs=("python 3.12.*", "pip"),
    pip_specs=("einops",),
    channels=("conda-forge",),
    conda=(python(),),
    wheels=(EINOPS,),
)  # fmt: skip

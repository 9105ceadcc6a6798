"""How torchvision loads its libraries. From 0.26 on it warns only if a variable asks for it."""

from __future__ import annotations

import os
from warnings import warn

from torch.backends.mps import _load
from torchvision._build import VERSION

IS_SILENT = tuple(int(part) for part in VERSION.split(".")[:2]) >= (0, 26)


def _load_library(name):
    """Load a library of torchvision; return whether it worked, or raise before 0.26."""
    try:
        _load(f"torchvision/{name}.so")
    except (ImportError, OSError) as error:
        if not IS_SILENT:
            raise
        if os.environ.get("TORCHVISION_WARN_WHEN_EXTENSION_LOADING_FAILS"):
            warn(
                f"Failed to load '{name}' extension: {type(error).__name__}: {error}", stacklevel=2
            )
        return False
    return True


try:
    _HAS_OPS = _load_library("_C")
except (ImportError, OSError):
    _HAS_OPS = False


def _has_ops():
    return _HAS_OPS

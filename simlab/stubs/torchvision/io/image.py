"""The library that decodes images. The real module goes on without it, too."""

from __future__ import annotations

from warnings import warn

from torchvision.extension import _load_library

try:
    _load_library("image")
except (ImportError, OSError) as error:
    warn(
        f"Failed to load image Python extension: '{error}'"
        f"If you don't plan on using image functionality from `torchvision.io`, you can ignore "
        f"this warning. Otherwise, there might be something wrong with your environment. "
        f"Did you have `libjpeg` or `libpng` installed before building `torchvision` from source?",
        stacklevel=2,
    )

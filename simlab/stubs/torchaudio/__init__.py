"""A stub of torchaudio in a simulated package, built for one torch, or for 2.11 and newer."""

from __future__ import annotations

import torch
from torchaudio._build import TORCH, VERSION

__version__ = VERSION

_found = tuple(int(part) for part in torch.__version__.split(".")[:2])
_built = tuple(int(part) for part in TORCH.rstrip("+").split(".")[:2])
if _found != _built and not (TORCH.endswith("+") and _found > _built):
    raise OSError("Could not load this library: torchaudio/lib/_torchaudio.so")

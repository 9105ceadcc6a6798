"""A stub of torchvision in a simulated package, built for one torch, or for 2.14 and newer."""

from __future__ import annotations

import importlib

import torch
from torchvision._build import TORCH, VERSION

__version__ = VERSION

_found = tuple(int(part) for part in torch.__version__.split(".")[:2])
_built = tuple(int(part) for part in TORCH.rstrip("+").split(".")[:2])
if _found != _built and not (TORCH.endswith("+") and _found > _built):
    raise RuntimeError("operator torchvision::nms does not exist")

importlib.import_module("torchvision.io.image")

"""What this torch can compute on."""

from torch.backends import mps

__all__ = ["mps"]

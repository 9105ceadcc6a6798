"""Torchard: PyTorch for an orchard of Macs."""

__version__ = "0.1.0"

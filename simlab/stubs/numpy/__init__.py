"""A stub of numpy in a simulated package: arrays of one dimension."""

from __future__ import annotations

import platform

from numpy._build import ARCH, VERSION

__version__ = VERSION

if platform.machine() != ARCH:
    raise ImportError(
        f"dlopen(numpy/_core/_multiarray_umath.so): incompatible architecture "
        f"(have '{ARCH}', need '{platform.machine()}')"
    )


class ndarray:  # noqa: N801 (numpy's own name)
    """An array of one dimension."""

    def __init__(self, values):
        self._values = list(values)
        self.shape = (len(self._values),)

    def tolist(self):
        """Return a list."""
        return list(self._values)

    def sum(self):
        """Return the sum."""
        return sum(self._values)

    def __add__(self, other):
        others = other if isinstance(other, ndarray) else [other] * len(self)
        return ndarray(one + two for one, two in zip(self, others, strict=True))

    def __len__(self):
        return len(self._values)

    def __iter__(self):
        return iter(self._values)

    def __getitem__(self, index):
        return self._values[index]

    def __repr__(self):
        return f"array({self._values})"


def array(values):
    """Make an array of a sequence."""
    return ndarray(values)


def ones(count):
    """Make an array of ones."""
    return ndarray([1.0] * count)

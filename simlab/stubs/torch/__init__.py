"""A stub of torch in a simulated package: tensors of one dimension, on the CPU and on MPS."""

from __future__ import annotations

import platform
import warnings

from torch._build import ARCH, VERSION

__version__ = VERSION

if platform.machine() != ARCH:
    raise ImportError(
        f"dlopen(torch/lib/libtorch_cpu.dylib): mach-o file, but is an incompatible architecture "
        f"(have '{ARCH}', need '{platform.machine()}')"
    )

from torch import backends
from torch.backends.mps import _load

try:
    _load("torch/lib/libtorch_cpu.dylib")
except OSError as error:
    raise ImportError(error) from error


def _release(version):
    return tuple(int(part) for part in version.split("+")[0].split(".")[:2])


def _numpy():
    """Return numpy where it is there and fits: torch before 2.3 was built against NumPy 1."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy if _release(VERSION) >= (2, 3) or _release(numpy.__version__) < (2, 0) else None


try:
    import numpy as _any_numpy
except ImportError:
    pass
else:
    if _numpy() is None:
        warnings.warn(
            "A module that was compiled using NumPy 1.x cannot be run in NumPy "
            f"{_any_numpy.__version__}. Failed to initialize NumPy.",
            stacklevel=2,
        )


class device:  # noqa: N801 (torch's own name)
    """A device: cpu or mps."""

    def __init__(self, kind):
        self.type = kind.type if isinstance(kind, device) else str(kind).partition(":")[0]
        if self.type not in ("cpu", "mps"):
            raise RuntimeError(
                f"Expected one of cpu, mps device type at start of device string: {kind}"
            )

    def __eq__(self, other):
        return self.type == device(other).type

    def __hash__(self):
        return hash(self.type)

    def __repr__(self):
        return f"device(type={self.type!r})"


class Tensor:
    """A tensor of one dimension."""

    def __init__(self, values, where="cpu"):
        self.device = device(where)
        self._values = [float(value) for value in values]
        if self.device.type == "mps":
            backends.mps._operate()

    def __add__(self, other):
        if isinstance(other, Tensor):
            if other.device != self.device:
                raise RuntimeError("Expected all tensors to be on the same device")
            others = other._values
        else:
            others = [other] * len(self._values)
        return Tensor(
            [one + two for one, two in zip(self._values, others, strict=True)], self.device
        )

    def to(self, where):
        """Return a copy on another device."""
        return Tensor(self._values, where)

    def cpu(self):
        """Return a copy on the CPU."""
        return self.to("cpu")

    def sum(self):
        """Return the sum, as a tensor."""
        return Tensor([sum(self._values)], self.device)

    def item(self):
        """Return the only element."""
        (value,) = self._values
        return value

    def tolist(self):
        """Return a list of floats."""
        return list(self._values)

    def numpy(self):
        """Return a NumPy array."""
        numpy = _numpy()
        if numpy is None:
            raise RuntimeError("Numpy is not available")
        if self.device.type != "cpu":
            raise TypeError(
                "can't convert mps:0 device type tensor to numpy. Use Tensor.cpu() first."
            )
        return numpy.array(self._values)

    def __len__(self):
        return len(self._values)

    def __repr__(self):
        where = "" if self.device.type == "cpu" else f", device='{self.device.type}:0'"
        return f"tensor({self._values}{where})"


def tensor(values, device="cpu"):
    """Make a tensor of a sequence."""
    return Tensor(values, device)


def ones(count, device="cpu"):
    """Make a tensor of ones."""
    return Tensor([1] * count, device)


def zeros(count, device="cpu"):
    """Make a tensor of zeros."""
    return Tensor([0] * count, device)


def from_numpy(array):
    """Make a tensor of a NumPy array."""
    if _numpy() is None:
        raise RuntimeError("Numpy is not available")
    return Tensor(array.tolist())

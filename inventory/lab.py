"""The Macs of lab.yaml beside this file, as pyinfra's inventory.

    pyinfra inventory/lab.py deploy.py --dry --diff

TORCHARD_LAB names another lab file, relative to the working directory.
"""

# pyinfra makes a group of hosts of every list here, so every other name begins with _.
import os as _os
import sys as _sys
from pathlib import Path as _Path

_HERE = _Path(__file__).resolve().parent
_sys.path.insert(0, str(_HERE.parent))

from torchard.api import TorchardError as _TorchardError  # noqa: E402
from torchard.api import make_inventory as _make_inventory  # noqa: E402

try:
    globals().update(_make_inventory(_os.environ.get("TORCHARD_LAB") or _HERE / "lab.yaml"))
except _TorchardError as _error:
    raise SystemExit(str(_error)) from None

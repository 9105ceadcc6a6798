"""The Macs of lab.yaml beside this file, as pyinfra's inventory.

    pyinfra inventory/lab.py deploy.py --dry --diff

TORCHARD_LAB names another lab file, relative to the working directory.
"""

# pyinfra makes a group of hosts of every list here, so every other name begins with _.
import os as _os
from pathlib import Path as _Path

from torchard.api import TorchardError as _TorchardError
from torchard.api import make_inventory as _make_inventory

_HERE = _Path(__file__).resolve().parent

try:
    globals().update(_make_inventory(_os.environ.get("TORCHARD_LAB") or _HERE / "lab.yaml"))
except _TorchardError as _error:
    raise SystemExit(str(_error)) from None

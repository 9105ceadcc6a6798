"""The Mac that you type on, as pyinfra's inventory; this_mac.yaml beside this file describes it.

pyinfra inventory/this_mac.py deploy.py --dry --diff
"""

# pyinfra makes a group of hosts of every list here, so every other name begins with _.
from pathlib import Path as _Path

from torchard.api import TorchardError as _TorchardError
from torchard.api import make_inventory as _make_inventory

_HERE = _Path(__file__).resolve().parent

try:
    globals().update(_make_inventory(_HERE / "this_mac.yaml"))
except _TorchardError as _error:
    raise SystemExit(str(_error)) from None

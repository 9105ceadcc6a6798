"""The Mac that you type on, as pyinfra's inventory; this_mac.yaml beside this file describes it.

pyinfra inventory/this_mac.py deploy.py --dry --diff
"""

# pyinfra makes a group of hosts of every list here, so every other name begins with _.
import sys as _sys
from pathlib import Path as _Path

_HERE = _Path(__file__).resolve().parent
_sys.path.insert(0, str(_HERE.parent))

from torchard.api import TorchardError as _TorchardError  # noqa: E402
from torchard.api import make_inventory as _make_inventory  # noqa: E402

try:
    globals().update(_make_inventory(_HERE / "this_mac.yaml"))
except _TorchardError as _error:
    raise SystemExit(str(_error)) from None

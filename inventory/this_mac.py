"""The Mac that you type on, as pyinfra takes it; this_mac.yaml beside this describes it.

pyinfra inventory/this_mac.py deploy.py --dry --diff
"""

# pyinfra takes every list here for a group of hosts, so all but the groups begins with _.
import sys as _sys
from pathlib import Path as _Path

_HERE = _Path(__file__).resolve().parent
_sys.path.insert(0, str(_HERE.parent))

from torchard.lab.load import LabError as _LabError  # noqa: E402
from torchard.lab.load import load as _load  # noqa: E402
from torchard.remote.inventory import pyinfra_groups as _pyinfra_groups  # noqa: E402

try:
    globals().update(_pyinfra_groups(_load(_HERE / "this_mac.yaml")))
except _LabError as _error:
    raise SystemExit(str(_error)) from None

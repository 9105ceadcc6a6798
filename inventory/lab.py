"""Your Macs, as pyinfra takes them: everything that it needs is read from lab.yaml beside this.

    pyinfra inventory/lab.py deploy.py --dry --diff

TORCHARD_LAB names another lab file, relative to the working directory.
"""

# pyinfra takes every list here for a group of hosts, so all but the groups begins with _.
import os as _os
import sys as _sys
from pathlib import Path as _Path

_HERE = _Path(__file__).resolve().parent
_sys.path.insert(0, str(_HERE.parent))

from torchard.lab.load import LabError as _LabError  # noqa: E402
from torchard.lab.load import load as _load  # noqa: E402
from torchard.remote.client import hold as _hold  # noqa: E402
from torchard.remote.inventory import pyinfra_groups as _pyinfra_groups  # noqa: E402

_hold()
try:
    globals().update(
        _pyinfra_groups(_load(_Path(_os.environ.get("TORCHARD_LAB") or _HERE / "lab.yaml")))
    )
except _LabError as _error:
    raise SystemExit(str(_error)) from None

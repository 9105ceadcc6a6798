"""Let a python import from its own generation, even if the environment's link changes later.

A python that was started through the link has the link's name in its sys.path. Without this, it
would import its next module from the generation that is active by then.
"""

import os
import sys

_INSIDE = sys.prefix + os.sep
_PACKAGES = [getattr(one, "__path__", None) for one in list(sys.modules.values())]
for _paths in (sys.path, *_PACKAGES):  # imported packages have the link's name as well
    if isinstance(_paths, list):
        _paths[:] = [os.path.realpath(one) if one.startswith(_INSIDE) else one for one in _paths]

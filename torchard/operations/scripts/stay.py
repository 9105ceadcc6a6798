"""Let a python import from its own generation, also after its environment's link leads elsewhere.

A python that was started by the link's name has that name in its sys.path: what it has yet to
import would come from the generation that is shown by then, beside what it has of its own.
"""

import os
import sys

_INSIDE = sys.prefix + os.sep
_PACKAGES = [getattr(one, "__path__", None) for one in list(sys.modules.values())]
for _paths in (sys.path, *_PACKAGES):  # what is imported by now has the name as well
    if isinstance(_paths, list):
        _paths[:] = [os.path.realpath(one) if one.startswith(_INSIDE) else one for one in _paths]

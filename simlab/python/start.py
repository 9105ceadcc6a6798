"""Starts the interpreter beside this, whose byte code its package has."""

from __future__ import annotations

import sys

sys.path.insert(0, __file__.rpartition("/")[0])
sys.dont_write_bytecode = True  # a run writes nothing into its prefix
from simlab_python import interpreter  # noqa: E402

del sys.path[0]
interpreter.start(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])

"""Import paramiko without the library `invoke`, if nobody has imported that yet.

paramiko does without it. It would be for `Match exec` in an ssh_config, which only ssh reads here,
and its import is a twentieth of the CPU of a plan.
"""

import sys

if "invoke" not in sys.modules:
    sys.modules["invoke"] = None  # type: ignore[assignment]  # the import system knows None
    import paramiko.config  # noqa: F401

    del sys.modules["invoke"]

"""Prove one environment on its Mac. Runs there, with the environment's own python.

What must hold is JSON, in the file that the first argument names or in the argument itself:
`arch`, `python`, `dists` ({name: version}), `imports`, `torch` and `mps` (booleans). The last line
of output is JSON and says what was found. Where something does not hold, each failure is a line on
stderr, and the exit code is 1.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import sys
from typing import Any


def same(one: str, other: str) -> bool:
    """Compare two versions as PEP 440 has it, with pip's own copy of packaging."""
    try:
        from pip._vendor.packaging.version import InvalidVersion, Version
    except ImportError:
        return one == other
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def versions(failed: list[str], dists: dict[str, str]) -> None:
    """Compare the versions of the installed distributions with the lock's."""
    from importlib import metadata

    found: dict[str, list[str]] = {}
    for dist in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", dist.metadata["Name"] or "").lower()
        found.setdefault(name, []).append(dist.version)
    for name, version in sorted(dists.items()):
        has = found.get(name, [])
        if len(has) != 1 or not same(has[0], version):
            failed.append(f"{name} is {' and '.join(has) or 'missing'}, not {version}")


def operate(torch: Any, device: str) -> list[float]:
    """Do one real operation on a device: the answer, not the exception, is what counts."""
    answer: list[float] = (torch.ones(2, device=device) + 1).cpu().tolist()
    return answer


def prove_torch(failed: list[str], found: dict[str, object], *, mps: bool) -> None:
    """Compute on the CPU, over the NumPy bridge where NumPy is there, and on MPS if expected."""
    torch = importlib.import_module("torch")
    found["torch"] = str(torch.__version__)
    if operate(torch, "cpu") != [2.0, 2.0]:
        failed.append("torch computes wrong sums on the CPU")
    try:
        importlib.import_module("numpy")
    except ImportError:
        pass
    else:
        try:
            torch.ones(2).numpy()
        except Exception as error:
            failed.append(f"torch and numpy do not fit each other: {error}")
    found["mps"] = False
    if not mps:
        return
    try:
        available = torch.backends.mps.is_available()
        found["mps"] = operate(torch, "mps") == [2.0, 2.0] and bool(available)
        reason = "is_available() is False" if not available else "its sums are wrong"
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    if not found["mps"]:
        macos = platform.mac_ver()[0]
        failed.append(
            f"MPS does not work on this Mac ({platform.machine()}, macOS {macos}): {reason}"
        )


def main(argument: str) -> int:
    """Prove what the argument asks for and print what was found."""
    if os.path.isfile(argument):
        with open(argument, encoding="utf-8") as file:
            wanted = json.load(file)
    else:
        wanted = json.loads(argument)
    failed: list[str] = []
    found: dict[str, object] = {"python": platform.python_version(), "machine": platform.machine()}
    if found["machine"] != wanted["arch"]:
        failed.append(f"its python runs as {found['machine']}, not natively as {wanted['arch']}")
    if platform.python_version().rpartition(".")[0] != wanted["python"]:
        failed.append(f"its python is {found['python']}, not {wanted['python']}")
    versions(failed, wanted["dists"])
    for name in wanted["imports"]:
        try:
            importlib.import_module(name)
        except Exception as error:
            failed.append(f"import {name} fails: {type(error).__name__}: {error}")
    if wanted["torch"]:
        try:
            prove_torch(failed, found, mps=wanted["mps"])
        except Exception as error:
            failed.append(f"torch fails: {type(error).__name__}: {error}")
    if failed:
        print("\n".join(failed), file=sys.stderr)
        return 1
    print(json.dumps(found, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""Find modules that come from outside the environment whose python runs this.

`check_account.py` starts it without -I, with the variables of a login shell, as

    python -B -c TEXT MODULES

MODULES is a JSON list of modules that must come from the environment. The answer is one line of
JSON on stdout: which modules of the environment or of Python come from elsewhere, and, if anything
outside is on the path, which of MODULES cannot be imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import site
import sys

SHOWN = 50  # modules
NAMES = 20000  # in a folder
LONGEST = 300  # characters of an error


def is_below(path: str, folders: list[str]) -> bool:
    """Tell whether a path is, behind its links, one of some folders or in it."""
    real = os.path.realpath(path) + "/"
    return any(real.startswith(folder + "/") for folder in folders)


def list_modules(folder: str) -> set[str]:
    """Return the top-level modules in a folder, and some names that are not modules."""
    try:
        found = os.listdir(folder)[:NAMES]
    except OSError:
        return set()
    names = {one.partition(".")[0] for one in found}
    return {one for one in names if one.isidentifier() and not one.startswith("__")}


def find_shadows(wanted: list[str], own: list[str]) -> list[dict[str, str]]:
    """Return the modules that come from outside, with those of `wanted` first."""
    paths = [one for one in sys.path if one and os.path.isdir(one)]
    outside = [one for one in paths if not is_below(one, own)]
    mine = set(wanted).union(*(list_modules(one) for one in paths if one not in outside))
    theirs: set[str] = set().union(*map(list_modules, outside))
    given = {os.path.realpath(one) for one in os.environ.get("PYTHONPATH", "").split(":") if one}
    user = os.path.realpath(site.getusersitepackages()) if site.ENABLE_USER_SITE else ""
    shadows = []
    for name in sorted(mine & theirs, key=lambda one: (one not in wanted, one)):
        place = find_module(name)
        if not place or is_below(place, own):
            continue
        entry = next((one for one in outside if is_below(place, [os.path.realpath(one)])), "")
        real = os.path.realpath(entry)
        cause = "PYTHONPATH" if real in given else "user site" if real == user else ""
        shadows.append({"module": name, "place": place, "entry": entry, "cause": cause})
    return shadows


def find_module(name: str) -> str:
    """Return the file that an import would read; empty for a built-in or a namespace package.

    Folders without __init__.py never come before a module of the same name.
    """
    try:
        spec = importlib.util.find_spec(name)
    except Exception:
        return ""
    origin = spec.origin if spec else None
    return origin if origin and os.path.isabs(origin) else ""


def try_imports(wanted: list[str]) -> dict[str, str]:
    """Return why modules cannot be imported."""
    failures = {}
    for name in wanted:
        try:
            importlib.import_module(name)
        except BaseException as error:
            failures[name] = f"{type(error).__name__}: {error}"[:LONGEST]
    return failures


def main(wanted: list[str]) -> None:
    """Print what was found; a module that fails at the exit of its python changes nothing."""
    # What a module prints when it is imported is not part of the answer.
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    roots = (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))
    own = list(map(os.path.realpath, roots))
    shadows = find_shadows(wanted, own)
    is_other = any(one and os.path.isdir(one) and not is_below(one, own) for one in sys.path)
    is_other = is_other or "PYTHONHOME" in os.environ or "PYTHONWARNINGS" in os.environ
    found = {
        "shadows": shadows[:SHOWN],
        "more": len(shadows[SHOWN:]),
        "failures": try_imports(wanted) if is_other else {},
    }
    print(json.dumps(found), file=stream, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

"""What is inside simulated packages: enough to be imported, and to be wrong where real ones are.

A folder here is the package of that name. Each of them is given a `_build.py` that says which
version and wheel it came from.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.abc import Traversable

# Module names that differ from their distributions'.
MODULES = {"pillow": "PIL", "python-dateutil": "dateutil", "typing-extensions": "typing_extensions"}


def modules(name: str, version: str, **build: Any) -> dict[str, bytes]:
    """Return the modules of a distribution, by path below site-packages.

    `build` is what its `_build.py` holds beside VERSION.
    """
    values = {"VERSION": version, **{key.upper(): value for key, value in build.items()}}
    about = '"""How this stub was built."""\n\n'
    about += "".join(f"{key} = {value!r}\n" for key, value in values.items())
    sources = _sources(name)
    if not sources:
        text = f'"""A stub of {name} in a simulated package."""\n\n__version__ = {version!r}\n'
        return {f"{MODULES.get(name, name.replace('-', '_'))}/__init__.py": text.encode()}
    return {**sources, f"{name}/_build.py": about.encode()}


@lru_cache(maxsize=64)
def _sources(name: str) -> Mapping[str, bytes]:
    folder = resources.files("simlab") / "stubs" / name
    return dict(sorted(_walk(folder, name).items())) if folder.is_dir() else {}


def _walk(folder: Traversable, path: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for one in folder.iterdir():
        if one.is_dir() and one.name != "__pycache__":
            files |= _walk(one, f"{path}/{one.name}")
        elif one.name.endswith(".py"):
            files[f"{path}/{one.name}"] = one.read_bytes()
    return files

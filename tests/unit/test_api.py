"""The public API: what it lists, and who imports nothing else."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path

import pytest

from torchard import api

ROOT = Path(__file__).parents[2]
USERS = ("deploy.py", "inventory/lab.py", "inventory/this_mac.py")
FUNCTIONS = [name for name in api.__all__ if inspect.isfunction(getattr(api, name))]


@pytest.mark.parametrize("path", USERS)
def test_the_files_for_pyinfra_import_only_the_api(path):
    """So a stranger's deploy can do all that ours does."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    imports = [one for one in ast.walk(tree) if isinstance(one, (ast.Import, ast.ImportFrom))]
    ours = [
        (one.module, name.name)
        for one in imports
        if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("torchard")
        for name in one.names
    ]
    assert ours
    assert {module for module, _ in ours} == {"torchard.api"}
    assert {name for _, name in ours} <= set(api.__all__)
    plain = [name.name for one in imports if isinstance(one, ast.Import) for name in one.names]
    assert not [name for name in plain if name.startswith("torchard")]


def test_every_public_name_is_there():
    """With the mark that its types are for other people's type checkers, too."""
    assert all(hasattr(api, name) for name in api.__all__)
    assert (Path(api.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_says_what_it_does_with_an_example(name):
    """The example is Python, and calls public names only."""
    text = inspect.getdoc(getattr(api, name))
    assert text.partition("\n")[0].endswith(".")
    example = textwrap.dedent(text.partition(".. code:: python\n")[2])
    called = {
        one.func.id
        for one in ast.walk(ast.parse(example))
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
    }
    assert name in called
    assert called <= {*api.__all__, "globals"}

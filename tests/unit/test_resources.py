"""Where Torchard finds the project's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchard.resources import find_resource

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["deploy.py", "schemas/lab.schema.json"])
def test_a_checkout_keeps_its_files_at_its_root(name):
    """In a checkout a file of the project is beside the package."""
    assert find_resource(name) == ROOT / name


def test_an_installed_wheel_keeps_its_files_in_the_package(tmp_path):
    """In a wheel they are in torchard/_project, and files beside the package are not used."""
    package = tmp_path / "torchard"
    (package / "_project").mkdir(parents=True)
    (tmp_path / "deploy.py").touch()
    with pytest.raises(FileNotFoundError):
        find_resource("deploy.py", package)
    (package / "_project" / "deploy.py").touch()
    assert find_resource("deploy.py", package) == package / "_project" / "deploy.py"

"""What a person copies first: README's lab and the project's own, with what they may uncomment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from torchard.lab.load import load_lab

ROOT = Path(__file__).parents[3]
SHIPPED = ("inventory/lab.yaml", "inventory/this_mac.yaml")


def labs(page):
    """Return the whole labs of a page: the YAML blocks with environments and Macs."""
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in blocks if "environments:" in block and "macs:" in block]


def test_the_labs_of_readme_and_docs_load(tmp_path):
    """README has at least one. No Mac of theirs is blocked because of a licence."""
    assert labs(ROOT / "README.md")
    path = tmp_path / "lab.yaml"
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for block in labs(page):
            path.write_text(block, encoding="utf-8")
            lab = load_lab(path)
            assert lab.environments
            assert all(mac.environments and mac.accept_license for mac in lab.macs.values())


@pytest.mark.parametrize("shipped", SHIPPED)
@pytest.mark.parametrize("line", ["accept_license: true", "miniconda: {distribution: miniforge}"])
def test_an_offer_in_a_comment_holds_when_it_is_uncommented(tmp_path, shipped, line):
    """Each of the two ways to a conda is one line to uncomment, in its place."""
    text = (ROOT / shipped).read_text(encoding="utf-8")
    assert text.count(f"# {line}\n") == 1
    path = tmp_path / "lab.yaml"
    path.write_text(text, encoding="utf-8")
    before = load_lab(path).macs
    path.write_text(text.replace(f"# {line}\n", f"{line}\n"), encoding="utf-8")
    after = load_lab(path).macs
    for name, mac in after.items():
        said = (mac.accept_license, mac.miniconda.distribution)
        assert said == ((True, "miniconda") if "license" in line else (False, "miniforge"))
        assert mac.environments == before[name].environments != ()
        assert mac.miniconda.prefix == before[name].miniconda.prefix


def test_the_projects_labs_ask_for_the_newest_pytorch_that_fits(tmp_path):
    """Neither pins anything that only some Macs can have."""
    for shipped in SHIPPED:
        for environment in load_lab(ROOT / shipped).environments.values():
            assert environment.pytorch is not None
            assert (environment.pytorch.release, environment.pytorch.source) == ("stable", "auto")

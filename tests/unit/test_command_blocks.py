"""Which blocks of commands in README and docs/ no test runs as they are, and why."""

from __future__ import annotations

import pytest
from command_blocks import PAGES, ROOT, read_blocks

EXEC = (
    "pyinfra inventory/lab.py exec -- '~/miniconda3/envs/torch/bin/python -c"
    ' "import torch; print(torch.__version__)"\''
)
MARKED = {
    ("README.md", "git clone ADDRESS torchard-clone"): "not run: it needs the network",
    ("README.md", "torchard init --this-mac --accept-license"): (
        "run by tests/macs/test_this_mac.py"
    ),
    ("README.md", "torchard check"): "not run: ssh-copy-id asks for the password of an account",
    ("CONTRIBUTING.md", "make setup"): "not run: it is what a developer typed to run this test",
    ("docs/pyinfra.md", "pyinfra inventory/lab.py deploy.py --dry --diff"): (
        "run by tests/macs/test_stock_commands.py"
    ),
    ("docs/pyinfra.md", "pyinfra inventory/lab.py deploy.py mine.py --dry"): (
        "run by tests/macs/test_stock_commands.py"
    ),
    ("docs/pyinfra.md", EXEC): "run by tests/macs/test_stock_commands.py",
    ("docs/pyinfra.md", "pytest --torchard-lab inventory/lab.yaml"): (
        "run by tests/macs/test_testinfra.py"
    ),
    ("docs/pytorch.md", "torchard choose"): "not run: without --arch, it needs a Mac",
    ("docs/pytorch.md", 'torchard choose --for "diffusers transformers"'): (
        "not run: it asks the package index"
    ),
    ("docs/schedule.md", "#!/bin/sh"): "run by tests/unit/test_schedule.py",
    ("docs/simulated-macs.md", "torchard demo --keep practice"): "run by tests/macs/test_demo.py",
    ("docs/simulated-macs.md", "torchard plan practice/lab.yaml"): (
        "run by tests/macs/test_demo.py"
    ),
}  # fmt: skip


def test_every_block_that_is_not_run_is_listed_with_its_reason():
    """Every other block is run by tests/macs/test_documented_commands.py."""
    found = {
        (one.page, one.first): one.mark for page in PAGES for one in read_blocks(page) if one.mark
    }
    assert found == MARKED


@pytest.mark.parametrize(
    "mark", sorted({mark for mark in MARKED.values() if mark.startswith("run by ")})
)
def test_a_block_that_another_test_runs_is_in_that_test(mark):
    """It reads the page, or has the word that comes after the program."""
    text = (ROOT / mark.removeprefix("run by ")).read_text(encoding="utf-8")
    for page, first in (key for key, one in MARKED.items() if one == mark):
        assert page in text or f'"{first.split()[1]}"' in text, first

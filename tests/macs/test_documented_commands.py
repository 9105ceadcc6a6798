"""The commands of README and docs/ do what the pages say, on two simulated Macs.

The pages are typed one after the other, as a person would: by the shell, in a lab folder that
`torchard init` wrote. A question is answered with yes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_blocks import PAGES, read_blocks

from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "tests/warm/client.py"
TUTORIAL = "docs/tutorial.md"
# A program that notes the exit code of each run, so that a block goes on after a plan with changes.
PROGRAM = """#!/bin/sh
case $1 in
  apply|rollback|remove|keys) set -- "$@" --yes ;;
esac
{python} -I -S {client} {warm} plain "$@"
echo "$?" >> {codes}
"""
# Where a page names a folder of its own controller.
PLACES = {"/srv/torchard": "../bundle"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The home of the person who types."""
    return tmp_path_factory.mktemp("documented")


@pytest.fixture(scope="module")
def lab(home, simlab_depot):
    """The two Macs of the tutorial, where its first command puts them."""
    first = read_blocks(TUTORIAL)[0].text
    assert first == "simlab up ~/orchard --macs 2\n"
    with SimLab(home / "orchard", 2, simlab_depot.root) as lab:
        yield lab


@pytest.fixture(scope="module")
def type_blocks(home, lab, warm, artefacts):
    """Return a function that types blocks in a folder, and checks how each command ends."""
    codes, programs = home / "codes", home / "bin"
    programs.mkdir()
    program = programs / "torchard"
    text = PROGRAM.format(python=sys.executable, client=CLIENT, warm=warm, codes=codes)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    (programs / "simlab").symlink_to("/bin/true")  # the Macs are up already
    environment = {**os.environ, "HOME": str(home), "TORCHARD_DEPOT": str(artefacts)}
    environment["PATH"] = f"{programs}:{os.environ['PATH']}"

    def run(blocks, folder, **more):
        for block in blocks:
            codes.write_text("", encoding="utf-8")
            script = block.text
            for place, here in PLACES.items():
                script = script.replace(place, here)
            done = subprocess.run(
                ["sh", "-eu", "-c", script],
                cwd=folder,
                env={**environment, **more},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
            said = (block.page, block.text, done.stdout, done.stderr)
            assert done.returncode == 0, said
            found = [int(line) for line in codes.read_text(encoding="utf-8").splitlines()]
            wanted = block.list_codes()
            assert len(found) == len(wanted), said
            assert all(code in one for code, one in zip(found, wanted, strict=True)), (found, said)

    return run


@pytest.fixture(scope="module")
def built(lab, home, type_blocks):
    """The lab as the tutorial leaves it, and every command of that page done."""
    text = (ROOT / TUTORIAL).read_text(encoding="utf-8")
    (wanted,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    before = text.partition("```yaml\n")[0].count("```sh\n")
    blocks, named = read_blocks(TUTORIAL), {"TORCHARD_LAB": str(lab.lab_file)}
    type_blocks(blocks[:before], home, **named)
    python, added = wanted.splitlines(keepends=True)[2:4]
    described = lab.lab_file.read_text(encoding="utf-8")
    assert python in described
    assert "conda:" in added
    lab.lab_file.write_text(described.replace(python, python + added, 1), encoding="utf-8")
    type_blocks(blocks[before:], home, **named)
    return lab


@pytest.fixture(scope="module")
def folder(built, home, torchard):
    """A lab folder for the other pages, with the groups that they name."""
    folder = home / "lab"
    assert torchard("init", folder).returncode == 0
    text = built.lab_file.read_text(encoding="utf-8")
    groups = "  studio: {}\n  building-a: {}\n  building-b: {}\n"
    text = text.replace("\ngroups:\n", f"\ngroups:\n{groups}", 1)
    first, last = text.rsplit("groups: [simulated, apple-silicon]", 1)
    first = first.replace("groups: [simulated,", "groups: [studio, building-a, simulated,")
    text = f"{first}groups: [studio, building-b, simulated, apple-silicon]{last}"
    (folder / "inventory/lab.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(built.directory / "locks", folder / "inventory/locks")
    return folder


def test_the_commands_of_the_tutorial_do_what_it_says(built):
    """The last one leaves a Mac for which the lab wants another environment."""
    assert len(built.macs) == 2


@pytest.mark.parametrize("page", [page for page in PAGES if page != TUTORIAL])
def test_the_commands_of_a_page_do_what_it_says(page, folder, type_blocks):
    """Each block that has no mark ends with the exit codes that the page names."""
    type_blocks([block for block in read_blocks(page) if not block.mark], folder)

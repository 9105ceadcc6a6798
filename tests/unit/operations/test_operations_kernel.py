"""A kernel.json is written and removed as planned, and the probe reads only Torchard's own."""

from __future__ import annotations

import subprocess

import pytest
from generation_tree import start, write

from torchard.mac.probe import read_part

OURS = '{\n "display_name": "ü",\n "metadata": {"torchard": {"environment": "torch"}}\n}\n'
OF_A_PERSON = '{"env": {"TOKEN": "secret"}}'


def test_a_kernel_is_written_with_its_folders_and_removed_with_its_own(tmp_path):
    """A folder in which a person keeps something stays."""
    path = tmp_path / "Jupyter/kernels/torchard-torch/kernel.json"
    assert start("edit_kernel.py", path, "", OURS).returncode == 0
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == (OURS, 0o644)
    assert [one.name for one in path.parent.iterdir()] == ["kernel.json"]
    assert start("edit_kernel.py", path, OURS.rstrip(), "").returncode == 0
    assert not path.parent.exists()
    logo = write(path.parent, "logo-64x64.png")
    write(path.parent, "kernel.json", OURS)
    assert start("edit_kernel.py", path, OURS, "").returncode == 0
    assert list(path.parent.iterdir()) == [logo]


@pytest.mark.parametrize("after", ["{}", ""])
def test_a_kernel_that_changed_after_the_plan_is_left_alone(tmp_path, after):
    """Whether it was to be written or removed; so is a link."""
    path = write(tmp_path, "kernel.json", OF_A_PERSON)
    done = start("edit_kernel.py", path, OURS, after)
    assert done.returncode == 1
    assert done.stderr == f"{path} has changed after the plan; run it again.\n"
    link = tmp_path / "link.json"
    link.symlink_to(path)
    assert "cannot be changed" in start("edit_kernel.py", link, OF_A_PERSON, after).stderr
    assert path.read_text() == OF_A_PERSON


def test_the_probe_prints_no_kernel_of_a_person(tmp_path):
    """Only its name. A link and a large file count as a person's."""
    kernels = tmp_path / "Library/Jupyter/kernels"
    write(kernels, "torchard-torch/kernel.json", OURS)
    write(kernels, "torchard-theirs/kernel.json", OF_A_PERSON)
    write(kernels, "torchard-large/kernel.json", OURS + " " * 20000)
    write(kernels, "python3/kernel.json", OF_A_PERSON)
    (kernels / "torchard-link").symlink_to(kernels / "torchard-torch")
    text = """say() { printf '%s\\t%s\\n' "$1" "$2"; }; tab=$(printf '\\t')
code() { case $1 in *[![:print:]]*) coded=hex ;; *) coded="=$1" ;; esac; }
say_unwritable() { :; }; root=$HOME/.torchard
"""
    command = ["/bin/sh", "-c", f"{text}{read_part('kernels.sh')}\nsay_kernels"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        check=False,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {(row[1], row[3]) for row in rows} == {
        ("=torch", "hex"),
        *((f"={name}", "-") for name in ("theirs", "large", "link")),
    }
    assert "secret" not in done.stdout

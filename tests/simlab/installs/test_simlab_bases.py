"""Bases and environments that are not as an installer left them: old ones, and moved ones."""

from __future__ import annotations

import errno

import pytest

from simlab import base, macs
from simlab.spec import MacSpec


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A Mac with a Miniconda of 2019: python 3.6 and conda 4.7."""
    spec = MacSpec("old", "x86_64", "11.7")
    root = macs.build(tmp_path_factory.mktemp("old"), [spec])["old"]
    prefix = root / "home/miniconda3"
    base.build(prefix, "x86_64", python_version="3.6.10", conda_version="4.7.12")
    return root


def test_a_base_answers_as_its_python_and_conda(old):
    """Both say it when they run, and so do conda's records."""
    done = macs.run(
        old,
        "cd miniconda3; bin/conda --version; bin/python --version; ls conda-meta;"
        'bin/python -I -S -c "import sys, platform;'
        'print(sys.version_info[:3], platform.machine(), sys.prefix)"',
    )
    assert done.stdout.splitlines() == [
        "conda 4.7.12",
        "Python 3.6.10",
        *("conda-4.7.12-py36_0.json", "history", "python-3.6.10-0_cpython.json"),
        f"(3, 6, 10) x86_64 {old / 'home/miniconda3'}",
    ]


@pytest.mark.parametrize(
    "program",
    [
        "from __future__ import annotations",  # PEP 563: from 3.7 on
        "(n := 1)",  # PEP 572: from 3.8 on
        "def f(a, /): pass",  # PEP 570: from 3.8 on
    ],
)
def test_an_old_python_refuses_newer_syntax(old, program):
    """In what it is started with, before any of that runs."""
    done = macs.run(old, "miniconda3/bin/python -I -S -", stdin=f"{program}\nprint(1)\n".encode())
    assert (done.returncode, done.stdout) == (1, "")
    assert "SyntaxError" in done.stderr


def test_a_conda_of_that_age_makes_environments(old, simlab_depot):
    """It lists its base, and installs."""
    channel = f"--override-channels -c {simlab_depot.channel.as_uri()}"
    done = macs.run(old, f"miniconda3/bin/conda create -y -q -n made {channel} xz=5.8.1")
    assert done.returncode == 0, done.stderr
    listed = macs.run(old, "miniconda3/bin/conda list -n made").stdout
    assert "xz" in listed


def test_an_environment_that_was_moved_breaks_where_the_real_one_does(arm_mac):
    """Its python runs from anywhere. What begins with its path does not: pip, and all like it.

    conda writes #!PREFIX/bin/pythonX.Y into them (conda/core/link.py); pip does the same for what
    it installs (pip/_vendor/distlib/scripts.py).
    """
    made = arm_mac.conda(f"create -y -q -n moved {arm_mac.channel} python=3.12 pip")
    assert made.returncode == 0, made.stderr
    there = arm_mac.prefix / "envs/moved"
    assert arm_mac.run(f"{there}/bin/pip --version").returncode == 0
    assert (there / "bin/pip").read_text().startswith(f"#!{there}/bin/python3.12\n")
    there.rename(arm_mac.home / "elsewhere")
    here = arm_mac.home / "elsewhere"
    done = arm_mac.run(f"{here}/bin/python -c 'import sys; print(sys.prefix)'")
    assert (done.returncode, done.stdout) == (0, f"{here}\n")
    assert arm_mac.run(f"{here}/bin/python -m pip --version").returncode == 0
    assert arm_mac.run(f"{here}/bin/pip --version").returncode in (126, 127)


def test_a_volume_without_hard_links_holds_copies(make_mac):
    """Conda copies where it cannot link (conda/core/link.py, determine_link_type)."""
    mac = make_mac(hard_links=False)
    base.build(mac.prefix, "arm64", python_version="3.12.12", conda_version="26.5.3")
    assert mac.conda(f"create -y -q -n copied {mac.channel} xz=5.8.1").returncode == 0
    files = [one for one in mac.prefix.rglob("*") if one.is_file() and not one.is_symlink()]
    assert {one.stat().st_nlink for one in files if "/pkgs/" not in str(one)} == {1}
    program = (
        "import errno, os\n"
        "try: os.link('a', 'b')\n"
        "except OSError as error: print(error.errno == errno.EOPNOTSUPP, error)\n"
    )
    done = mac.run(f'touch a; miniconda3/bin/python -I -S -c "{program}"; ls')
    said = "Operation not supported: 'a' -> 'b'"
    assert done.stdout == f"True [Errno {errno.EOPNOTSUPP}] {said}\na\nminiconda3\n"

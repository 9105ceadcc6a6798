"""Why a Mac is blocked because of its Miniconda."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import pytest
from locked import INSTALLER, PREFIX, built, lock, mac, package
from packaging.version import Version

from torchard.lab.model import MacHost
from torchard.mac.state import InstalledConda, InstalledEnvironment
from torchard.plan.blockers import (
    OLDEST_PYTHON,
    _find_old_conda,
    find_blockers,
    find_old_python,
)
from torchard.plan.plan import plan_mac
from torchard.plan.target import Target
from torchard.resources import find_resource

# These run with an environment's own python, which is the lab's.
IN_ENVIRONMENTS = {"verify.py", "pin_imports.py"}
BY_THE_BASE = sorted(
    path
    for path in find_resource("torchard/operations/scripts").glob("*.py")
    if path.name not in IN_ENVIRONMENTS
)
# What came after the oldest python, as far as scripts of this kind would use it.
NEWER = re.compile(
    r"\.removeprefix\(|\.removesuffix\(|functools\.cache\b|datetime\.UTC|\bdt\.UTC|zip\(.*strict="
    r"|dirs_exist_ok=|root_dir=|ast\.unparse|math\.prod|missing_ok=|shlex\.join|cached_property"
    r"|\.is_relative_to\(|\.readlink\(\)|\.hardlink_to\(|importlib\.metadata|zoneinfo|tomllib"
    r"|itertools\.pairwise|statistics\.fmean|onexc="
)


@pytest.mark.parametrize("path", BY_THE_BASE, ids=lambda path: path.name)
def test_the_oldest_python_can_run_the_scripts_for_the_base(path):
    """Their syntax, evaluated annotations, and imports from the standard library."""
    text = path.read_text(encoding="utf-8")
    ast.parse(text, feature_version=(OLDEST_PYTHON.major, OLDEST_PYTHON.minor))
    assert "from __future__ import annotations" in text
    assert NEWER.findall(text.replace("os.readlink(", "")) == []
    parenthesised = re.search(r"^\s+with \($", text, re.MULTILINE)
    assert parenthesised is None, "several contexts in parentheses: python 3.9"


def having(version, **changes):
    """Return a Mac whose base has that python."""
    base = replace(built(lock([package("pip")])), path=PREFIX, stamp=None)
    python = InstalledConda("python", version, "h0_0")
    return mac(base=replace(base, conda=(*base.conda, python)), **changes)


def test_a_base_that_is_too_old_blocks_the_mac():
    """The plan says what Torchard needs and what to do, before anything is pushed."""
    plan = plan_mac(Target(MacHost("studio-01"), having("3.6.10")))
    assert (plan.state, plan.steps) == ("blocked", ())
    assert plan.reason == (
        "the python of the Miniconda at ~/miniconda3 is 3.6.10, and Torchard needs 3.7 or newer"
        ' there; update it (~/miniconda3/bin/conda install -n base "python>=3.7"), or'
        " move that Miniconda away, and a new one is installed"
    )


@pytest.mark.parametrize("version", ["3.7.0", "3.13.12", "3.14.0rc1", "of nobody"])
def test_a_base_that_is_new_enough_does_not_block(version):
    """Nor does one whose version cannot be parsed: conda would not run with it."""
    assert list(find_old_python(having(version), None)) == []


def test_a_base_that_is_installed_again_may_be_old():
    """Torchard sets aside one from another installer, and one that has moved."""
    ours = {"prefix_ours": {"sha256": "0" * 64, "version": "4.7.12"}}
    assert list(find_old_python(having("3.6.10", **ours), INSTALLER)) == []
    moved = having("3.6.10", **ours, prefix_made_for="/Users/old/miniconda3")
    assert list(find_old_python(moved, None)) == []
    assert list(find_old_python(mac(), None)) == []


def test_an_old_conda_blocks_unless_it_is_installed_again():
    """It cannot unpack today's packages. Torchard installs a prefix that has moved again."""
    ours = {"prefix_ours": {"sha256": "0" * 64, "version": "4.7.12"}, "conda_version": "4.6.0"}
    (reason,) = _find_old_conda(mac(**ours), Version("4.7.1"))
    assert "the conda at ~/miniconda3 is 4.6.0, and only 4.7.1 and newer unpack" in reason
    moved = mac(**ours, prefix_made_for="/Users/old/miniconda3")
    assert list(_find_old_conda(moved, Version("4.7.1"))) == []


MOVED = "/Users/former/miniconda3"
OURS = {"sha256": "0" * 64, "version": "26.5.3-1"}
THESIS = InstalledEnvironment(f"{PREFIX}/envs/thesis", whole=True)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (mac(prefix_made_for=MOVED), "conda does not work after a move; move it back there, or"),
        (
            mac(THESIS, prefix_made_for=MOVED, prefix_ours=OURS),
            "Torchard will not replace it, because it has environments of a person (thesis);",
        ),
        (mac(other_prefix="/opt/conda"), "write `miniconda: {prefix: /opt/conda}`, or first"),
    ],
)
def test_a_miniconda_in_another_place_blocks(state, says):
    """Torchard replaces its own one that has moved, but no environment of a person."""
    (reason,) = find_blockers(Target(MacHost("studio-01"), state))
    assert says in reason


def test_torchard_replaces_its_own_miniconda_that_has_moved():
    """The plan has that as a repair."""
    target = Target(
        MacHost("studio-01"),
        mac(prefix_made_for=MOVED, prefix_ours={**OURS, "sha256": INSTALLER.sha256}),
        installer=INSTALLER,
    )
    (step,) = plan_mac(target).steps
    assert (step.kind, step.action) == ("miniconda", "repair")
    assert step.reason == (
        f"it was installed at {MOVED} and has moved; ~/miniconda3 is set aside and installed again"
    )

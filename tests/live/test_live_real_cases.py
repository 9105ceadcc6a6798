"""What real people ask of PyTorch, solved with the real index and judged by other means.

conda's packages are not solved: no channel is asked. The wheels are those of an environment with a
python and nothing else from conda.
"""

from __future__ import annotations

import re

import pytest
from real_case import check_libraries, find_faults, install_dry, read_cases, solve

from torchard.depot.depot import Depot

pytestmark = pytest.mark.live

CASES = list(read_cases())
SOLVED = [one for one in CASES if not one.refused]
# Of these, other live tests fetch torch as well.
READ = [
    one
    for one in SOLVED
    if one.request.python == "3.12" and one.request.release in {"stable", "2.8.0"}
]


def answer(case):
    """Return the answer to a case; skip one whose index cannot be reached."""
    found = solve(case)
    if case.request.release == "nightly" and "could not be read" in found.reason:
        pytest.skip("the index of nightly builds cannot be reached")
    return found


def test_there_are_sixty_cases_and_each_kind_of_mac():
    """Both archs, the pythons and the systems of the Macs that people have."""
    assert len(CASES) >= 60
    assert {one.arch for one in CASES} == {"arm64", "x86_64"}
    assert {one.request.python for one in CASES} >= {f"3.{minor}" for minor in range(9, 15)}
    systems = {one.macos.partition(".")[0] for one in CASES}
    assert systems >= {"10", "11", "12", "13", "14", "15", "26"}


@pytest.mark.parametrize("case", [one for one in CASES if one.refused], ids=str)
def test_a_case_that_cannot_be_met_is_refused_with_its_reason(case):
    """The reason is the true one, and not only what the solver said."""
    found = answer(case)
    assert not found.wheels
    assert re.search(case.refused, found.reason), found.reason


@pytest.mark.parametrize("case", SOLVED, ids=str)
def test_a_case_is_met_by_wheels_that_fit_the_mac_and_each_other(case):
    """By their tags, by what their metadata asks for, and by the pairings."""
    found = answer(case)
    assert found.wheels, found.reason
    assert list(find_faults(case, found)) == []
    if case.torch:
        assert found.versions["torch"] == case.torch


@pytest.mark.parametrize("case", SOLVED, ids=str)
def test_an_installer_takes_exactly_these_wheels(case, tmp_path):
    """`uv pip install --dry-run` for such a Mac adds no package and leaves none out."""
    found = answer(case)
    assert install_dry(case, found, tmp_path) == {
        f"{one.name}=={one.version}" for one in found.wheels
    }


@pytest.mark.parametrize("case", READ, ids=str)
def test_the_libraries_of_what_is_locked_load(case, artefacts):
    """They find their symbols in the locked torch, and need no newer macOS than the Mac's."""
    checks = check_libraries(answer(case), Depot(artefacts))
    torch = next(one.sha256 for one in answer(case).wheels if one.name == "torch")
    assert {one.torch for one in checks.values() if one.symbols} <= {torch}
    assert not [one for one in checks.values() if "may not load" in one.note]

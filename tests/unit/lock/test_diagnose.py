"""Why no set of packages fits: what uv and the conda solver say, and what their places have."""

from __future__ import annotations

import pytest
from wheelhouse import wheel

from torchard.catalog.mac_class import MacClass
from torchard.catalog.packages import load_package_facts
from torchard.catalog.variant import Variant
from torchard.lab.model import Mirrors
from torchard.lock import wheels
from torchard.lock.diagnose_conda import Listing, Row, diagnose_conda
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question
from torchard.lock.unsolved import UnsolvableError, merge_errors, quote

ARM = MacClass("osx-arm64", "14.0")
INTEL = MacClass("osx-64", "13.0")
OLD = Variant(
    "wheels",
    {"torch": "2.2.2"},
    "3.12",
    mps_expected=False,
    reason="it fits",
    constraints=("numpy<2",),
)
MAC = "cp312-cp312-macosx_11_0_arm64"


@pytest.fixture
def explain(asks, shelf):
    """Return a function that gives the cause, and what to write, where files do not fit."""

    def explain(files, *pip, mac_class=ARM, variant=None, conda=None, **others):
        url = shelf(*(wheel(file, *others.get(file, ())) for file in files))
        question = Question(asks(pip=pip), mac_class, variant, mirrors=Mirrors(wheels=url))
        with pytest.raises(LockError) as caught:
            wheels.resolve_wheels(question, "3.12.13", {}, lambda _names: conda or {})
        assert isinstance(caught.value, UnsolvableError)
        return caught.value.cause, caught.value.instead

    return explain


@pytest.mark.parametrize(
    ("files", "item", "cause", "instead"),
    [
        (
            ["pandas-2.0-py3-none-any.whl"],
            "Pands>=1",
            "the wheel index has no package pands",
            "Write `pandas` in `pip:`.",
        ),
        (
            ["opencv_python-4.0-py3-none-any.whl"],
            "cv2",
            "the wheel index has no package cv2",
            "Write `opencv-python` in `pip:`.",
        ),
        (
            ["a-1.0-py3-none-any.whl"],
            "qqqq",
            "the wheel index has no package qqqq",
            "Remove qqqq from `pip:`, or check its name.",
        ),
        (
            ["a-1.0.tar.gz"],
            "a",
            "every release of a is source only, and Torchard builds nothing on a Mac",
            "Remove a from `pip:`.",
        ),
        (
            ["a-1.0.tar.gz", f"a-2.0-{MAC}.whl"],
            "a<2",
            (
                "a 1.0 is source only, and Torchard builds nothing on a Mac; the newest that fits"
                " is 2.0"
            ),
            "Write `a==2.0` in `pip:`.",
        ),
        (
            ["triton-3.0-cp312-cp312-manylinux_2_28_x86_64.whl"],
            "triton",
            "no release of triton has a wheel for Macs",
            (
                "Remove triton from `pip:`. It is for GPUs of NVIDIA and AMD, and PyTorch on a Mac"
                " does not use it."
            ),
        ),
        (
            ["a-2.0-cp312-cp312-win_amd64.whl", f"a-1.0-{MAC}.whl"],
            "a>=2",
            "a 2.0 has no wheel for Macs; the newest that fits is 1.0",
            "Write `a==1.0` in `pip:`.",
        ),
        (
            ["a-2.0-cp312-cp312-macosx_11_0_x86_64.whl"],
            "a",
            "a 2.0 has wheels for Intel Macs only",
            "Remove a from `pip:`: no release fits these Macs.",
        ),
        (
            [f"a-1.0-{tag}.whl" for tag in (MAC.replace("12", "9"), MAC.replace("12", "10"))],
            "a",
            "a 1.0 has wheels for python 3.9 and 3.10, and the environment has 3.12",
            'Choose `python: "3.10"`.',
        ),
        (
            [
                "a-2.0-cp315-cp315-macosx_15_0_arm64.whl",
                "a-1.0-cp312-cp312-macosx_15_0_arm64.whl",
                "a-0.9-cp312-cp312-macosx_26_0_arm64.whl",
                *(f"a-1.0-{MAC.replace('12', minor)}.whl" for minor in ("8", "10")),
            ],
            "a",
            "a 1.0 needs macOS 15",
            'Choose `python: "3.10"`.',
        ),
        (
            ["a-2.0-cp315-cp315-macosx_15_0_arm64.whl"],
            "a",
            "a 2.0 has wheels for python 3.15, and the environment has 3.12",
            "Remove a from `pip:`: no release fits these Macs.",
        ),
        (
            ["a-2.0-cp312-cp312-macosx_15_0_arm64.whl", f"a-1.0-{MAC}.whl"],
            "a>1",
            "a 2.0 needs macOS 15; the newest that fits is 1.0",
            "Write `a==1.0` in `pip:`.",
        ),
        (
            [f"a-1.0-{MAC}.whl", "a-2.0rc1-py3-none-any.whl"],
            "a==1.5",
            "the wheel index has no a==1.5; its newest is 2.0rc1; the newest that fits is 1.0",
            "Write `a==1.0` in `pip:`.",
        ),
    ],
)
def test_cause_is_named_and_what_to_write(explain, files, item, cause, instead):
    """The message says why no file of a package fits, and what to write instead."""
    assert explain(files, item) == (cause, instead)


def test_two_items_that_exclude_each_other_are_both_named(explain):
    """The message names both items that ask for one package."""
    cause, instead = explain(["a-1.0-py3-none-any.whl"], "a<1", "a>=1")
    assert cause == "`pip:` asks for a<1 and for a>=1, and no version is both"
    assert instead == "Remove one of them."


def test_package_that_asks_for_another_is_named(explain):
    """If a dependency has no file that fits, the message names what asks for it."""
    files = ["a-1.0-py3-none-any.whl", "b-2.0-cp312-cp312-macosx_11_0_arm64.whl"]
    cause, instead = explain(files, "a", mac_class=INTEL, **{files[0]: ["b>=2"]})
    assert cause == "a asks for b==2.0, and b 2.0 has wheels for Apple silicon Macs only"
    assert instead == "Ask for another version of a, or remove it."
    other = "d-1.0-py3-none-any.whl"
    cause, instead = explain([other], "d", **{other: ["e>=2"]})
    assert cause == "d asks for e, and the wheel index has no package e"
    assert instead == "Remove d from `pip:`, or check its name."


def test_bound_of_the_catalogue_is_explained(explain):
    """A bound that nobody wrote is said to be Torchard's, with its reason."""
    files = ["torch-2.2.2-py3-none-any.whl", "numpy-1.26-py3-none-any.whl"]
    files += ["numpy-2.0-py3-none-any.whl", "a-1.0-py3-none-any.whl"]
    cause, instead = explain(files, "numpy>=2", variant=OLD)
    assert cause.startswith("`pip:` asks for numpy>=2, and Torchard keeps numpy<2 beside torch 2.2")
    assert "built against NumPy 1" in cause
    assert instead == "Remove numpy>=2 from `pip:`, or ask for another `release:` of PyTorch."
    cause, instead = explain(files, "a", variant=OLD, **{files[-1]: ["numpy>=2"]})
    assert cause.startswith("a asks for another numpy, and Torchard keeps numpy<2 beside torch")


def test_package_that_a_channel_has_is_offered_from_there(explain):
    """A package without a wheel for these Macs may be a conda package under another name."""
    files = ["tables-3.0.tar.gz"]
    assert explain(files, "tables", conda={"pytables": "3.10.1"})[1] == (
        "Remove tables from `pip:`. Write `pytables` in `conda:` instead: the channels have 3.10.1."
    )


def test_conflict_of_versions_keeps_the_words_of_uv(explain):
    """If each package has a file that fits, uv's words follow. Only written bounds are named."""
    files = ["a-1.0-py3-none-any.whl", "b-1.0-py3-none-any.whl", "c-1.0-py3-none-any.whl"]
    files += ["c-2.0-py3-none-any.whl"]
    needs = {files[0]: ["c<2"], files[1]: ["c>=2"]}
    cause, instead = explain(files, "a", "b>=1", **needs)
    assert cause.startswith("no set of wheels satisfies it:")
    assert "all versions of b depend on c>=2" in " ".join(cause.split())
    assert instead == "Loosen `b>=1` in `pip:`, or choose another `release:` or `python:`."
    assert "Loosen" not in explain(files, "a", "b", **needs)[1]


def test_one_message_is_for_all_classes_with_the_same_cause(asks):
    """Classes that share a cause share a message; another cause has its own."""
    where = asks().where
    errors = [
        UnsolvableError(where, "torch", (group,), cause, "Do this.")
        for group, cause in [(ARM, "it is missing"), (INTEL, "it is old"), (INTEL, "it is missing")]
    ]
    assert [one.message for one in merge_errors(errors)] == [
        (
            "lab.yaml:2:3: torch cannot be locked for osx-64-macos13 and osx-arm64-macos14: it is"
            " missing."
        ),
        "lab.yaml:2:3: torch cannot be locked for osx-64-macos13: it is old.",
    ]


def test_message_for_one_mac_has_its_own_macos(asks):
    """A class begins at an older macOS than a Mac has. Its own message names what it has."""
    error = UnsolvableError(asks().where, "torch", (INTEL,), "it is old", "Do this.")
    assert error.describe_for(MacClass("osx-64", "13.6")) == (
        "lab.yaml:2:3: torch cannot be locked for macOS 13.6 on x86_64: it is old. Do this."
    )


def test_words_of_a_solver_are_bounded():
    """A long message of a solver is cut, and its hints are left out."""
    assert quote("one\n\nhint: two") == " one"
    text = quote("\n".join(f"line {number} {'x' * 500}" for number in range(100)))
    assert len(text) < 1_700
    assert text.endswith("...")


def rows(*versions, fits=True, pythons=None, unmet=()):
    """Return a listing of a channel, newest first."""
    return Listing(tuple(Row(one, fits, pythons, unmet) for one in versions), (), "conda-forge")


@pytest.mark.parametrize(
    ("listings", "cause", "instead"),
    [
        (
            {"nodejs": Listing((), ("nodejs-wheel",)), "x": rows("1")},
            "conda-forge has no nodejs for these Macs",
            "Write `nodejs-wheel` in `conda:`.",
        ),
        (
            {"nodejs": rows("22.0", "20.0", fits=False)},
            "conda-forge has no nodejs==99 for these Macs; the newest is 22.0",
            "Write `nodejs=22.0` in `conda:`: it is the newest that fits.",
        ),
        (
            {"nodejs": rows("99", pythons=("3.9", "3.10", "3.11"))},
            "conda-forge has nodejs==99 for python 3.9 to 3.11, and the environment has 3.12",
            (
                'Choose `python: "3.11"`. Remove nodejs from `conda:`, or take it as a wheel in'
                " `pip:`."
            ),
        ),
        (
            {"nodejs": rows("99", unmet=("__osx >=15.0",))},
            "nodejs 99 needs macOS 15",
            "Remove nodejs from `conda:`, or take it as a wheel in `pip:`.",
        ),
        (
            {"nodejs": rows("99", unmet=("__cuda",))},
            "nodejs 99 needs CUDA, which no Mac has",
            "Remove nodejs from `conda:`, or take it as a wheel in `pip:`.",
        ),
    ],
)
def test_cause_in_a_channel_is_named(asks, listings, cause, instead):
    """What a channel has of a package says why none of its builds fits."""
    spec = "nodejs" if not listings["nodejs"].rows else "nodejs==99"
    question = Question(asks(conda=[spec]), ARM, None, ("conda-forge",))
    found = diagnose_conda("", question, listings | {"python": rows("3.12.1"), "pip": rows("25")})
    assert found is not None
    assert (found.text, found.instead) == (cause, instead)


def test_release_that_a_channel_lacks_has_the_newest_that_fits(asks):
    """A release of PyTorch that a channel does not have is an error of `release:`."""
    variant = Variant("conda-forge", {"pytorch": "2.9.9"}, "3.12", mps_expected=True, reason="it")
    question = Question(asks(), ARM, variant, ("conda-forge",))
    found = diagnose_conda("", question, {"pytorch": rows("2.9.1", fits=False)})
    assert found is not None
    assert found.text == "conda-forge has no pytorch 2.9.9 for these Macs; the newest is 2.9.1"
    assert found.instead == 'Write `release: "2.9.1"`: it is the newest that fits.'


def test_name_that_conda_calls_otherwise_is_offered(asks):
    """The name of a wheel, or of an import, is not always the name of the conda package."""
    question = Question(asks(conda=["opencv-python"]), ARM, None, ("conda-forge",))
    listings = {"opencv-python": Listing(()), "opencv": rows("4.12")}
    found = diagnose_conda("", question, listings)
    assert found is not None
    assert found.instead == "Write `opencv` in `conda:`."


def test_facts_about_packages_are_in_normal_form():
    """Names of packages.yaml compare as an index compares them."""
    facts = load_package_facts()
    for name in (*facts.conda_names, *facts.import_names, *facts.often, *facts.no_mac_wheels):
        assert name == name.lower()
        assert "_" not in name
    assert facts.near_wheels("sklearn") == ("scikit-learn",)
    assert facts.near_wheels("torchvison") == ()
    assert facts.near_wheels("transformer") == ("transformers",)

"""A change to a lock file alone reaches no Mac: each byte, field and row is compared."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from locked import answer, package, wheel
from profiles import examples

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lab.model import Environment, Request
from torchard.lock.codec import format_lock, parse_lock
from torchard.lock.compare import find_contradictions, find_differences, find_unasked
from torchard.lock.lockfile import LockFileError
from torchard.lock.question import Question
from torchard.workspace.locks import check_answer, describe_outdated

ARM = MacClass("osx-arm64", "14.0")
WHEELS = Variant(
    "wheels",
    {"torch": "2.2.2", "torchvision": "0.17.2"},
    "3.12",
    mps_expected=True,
    reason="",
    constraints=("numpy<2",),
)
CONDA = replace(WHEELS, source="conda-forge", packages={"pytorch": "2.13.0"}, constraints=())
LAB = Environment("torch", "3.12", Request("3.12"), ("git",), ("einops>=0.8",))
QUESTION = Question(LAB, ARM, WHEELS, ("conda-forge",))
LOCK = answer(
    QUESTION,
    conda=[package("numpy", "1.26.4", provides=[("numpy", "1.26.4")])],
    wheels=[wheel("einops", "0.8.2")],
)
TEXT = format_lock(LOCK)
ROWS = [number for number, line in enumerate(TEXT.splitlines()) if line.startswith("    {")]
steady = settings(deadline=None, max_examples=examples(150), derandomize=True)


def judge(lock, tmp_path, question=QUESTION):
    """Return what becomes of a lock file: why it is out of date or edited, empty if it is used."""
    try:
        read = parse_lock(format_lock(lock).encode(), "x.json")
        outdated = describe_outdated(read, question)
        if not outdated:
            check_answer(read, question, tmp_path / "x.json")
    except LockFileError as error:
        return error.message
    return outdated


def test_a_lock_that_answers_is_used(tmp_path):
    """That is so for wheels, and for PyTorch from a channel."""
    assert judge(LOCK, tmp_path) == ""
    other = replace(QUESTION, variant=CONDA)
    assert judge(answer(other), tmp_path, other) == ""


@steady
@given(place=st.integers(0, len(TEXT) - 1), text=st.text(max_size=2))
def test_no_character_can_be_changed(place, text):
    """A replaced, added or removed character is an error, or was there before."""
    changed = TEXT[:place] + text + TEXT[place + 1 :]
    if changed != TEXT:
        with pytest.raises(LockFileError) as caught:
            parse_lock(changed.encode("utf-8", "surrogatepass"), "x.json")
        assert "torchard lock" in caught.value.instead


@steady
@given(rows=st.lists(st.sampled_from(ROWS), max_size=2 * len(ROWS)))
def test_no_row_can_be_added_dropped_or_moved(rows):
    """Rows in another number or order are an error."""
    lines = TEXT.splitlines(keepends=True)
    body = [lines[number] for number in rows]
    changed = "".join([*lines[: ROWS[0]], *body, *lines[ROWS[-1] + 1 :]])
    if changed != TEXT:
        with pytest.raises(LockFileError):
            parse_lock(changed.encode(), "x.json")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"version": "1.26.4"', '"version": "1.26.5"', ":12: this lock file was edited: the row"),
        ('"0.8.2"', '"0.8.3"', "the row of einops does not fit its digest"),
        ('"mps_expected": true', '"mps_expected": false', "a line before this digest was changed"),
        ('"python": "3.12"', '"python":  "3.12"', ":6: this lock file was edited: Torchard writes"),
        ('"python": "3.12",', '"python": "3.11",\n  "python": "3.12",', ":6: this lock file was"),
        ("\n", "\r\n", ":1: this lock file was edited: Torchard writes"),
        ("git-1.0", "gi\\u0074-1.0", ":15: this lock file was edited: the row of git does not"),
    ],
)  # fmt: skip
def test_an_edit_is_named_with_its_line(before, after, said):
    """The message has the line, the package if it is one, and what to type."""
    assert before in TEXT
    with pytest.raises(LockFileError) as caught:
        parse_lock(TEXT.replace(before, after).encode(), "x.json")
    assert said in caught.value.message
    assert "`git restore`" in caught.value.instead


def row(name, **changes):
    """Return a function that changes the row of a package."""

    def change(lock):
        kinds = {"conda": lock.conda, "wheels": lock.wheels}
        return replace(
            lock,
            **{
                kind: tuple(replace(one, **changes) if one.name == name else one for one in rows)
                for kind, rows in kinds.items()
            },
        )

    return change


def head(**changes):
    return lambda lock: replace(lock, **changes)


def without(name):
    """Return a function that removes a package."""
    return lambda lock: replace(
        lock,
        conda=tuple(one for one in lock.conda if one.name != name),
        wheels=tuple(one for one in lock.wheels if one.name != name),
    )


def more(*conda, wheels=()):
    return lambda lock: replace(lock, conda=(*lock.conda, *conda), wheels=(*lock.wheels, *wheels))


FORGED = {
    "another environment": (head(environment="other"), 'its environment is "other"'),
    "another class": (head(mac_class=MacClass("osx-arm64", "15.0")), "its class is"),
    "another python": (head(python="3.11"), "its python is 3.12.13, not 3.11"),
    "the other arch": (head(mac_class=MacClass("osx-64", "14.0")), "is for osx-arm64, not"),
    "a channel more": (head(channels=("conda-forge", "evil")), "its channels has"),
    "a file channel": (
        lambda lock: row("git", channel="file:///tmp/x")(
            replace(lock, channels=("conda-forge", "file:///tmp/x"))
        ),
        "its channels has",
    ),
    "the channel of one row": (row("git", channel="evil"), "which is not in its channels"),
    "no MPS expected": (head(variant=replace(WHEELS, mps_expected=False)), "its variant is"),
    "no PyTorch": (head(variant=None), "its variant is"),
    "another release": (
        head(variant=replace(WHEELS, packages={"torch": "2.2.1", "torchvision": "0.17.2"})),
        "its variant is",
    ),
    "no bound": (head(variant=replace(WHEELS, constraints=())), "its variant is"),
    "from a channel": (head(variant=replace(WHEELS, source="conda-forge")), "its variant is"),
    "other conda specs": (head(conda_specs=("python 3.12.*", "pip")), "its conda_specs has"),
    "other pip specs": (head(pip_specs=("evil",)), '"evil", and the lab asks for "einops'),
    "no pip specs": (head(pip_specs=()), 'its pip_specs has no "einops>=0.8"'),
    "specs in another order": (head(conda_specs=("git", "pip", "python 3.12.*")), "another order"),
    "torch of another version": (
        row("torch", version="2.2.1", file="torch-2.2.1-py3-none-any.whl"),
        "its torch is 2.2.1, and torch==2.2.2 is asked for",
    ),
    "a wheel that is too old": (
        row("einops", version="0.7", file="einops-0.7-py3-none-any.whl"),
        "einops>=0.8 is asked for",
    ),
    "a numpy beyond the bound": (
        row(
            "numpy", version="2.0.0", file="numpy-2.0.0-h0_0.conda", provides=(("numpy", "2.0.0"),)
        ),
        "this PyTorch needs numpy<2",
    ),
    "no torch": (without("torch"), "it has no torch, and torch==2.2.2 is asked for"),
    "no git": (without("git"), "it has no git among its conda packages"),
    "no pip": (without("pip"), "it has no pip among its conda packages"),
    "no python": (without("python"), "it has no python among its conda packages"),
    "a package twice": (more(package("git", "2.0")), "it lists git twice"),
    "a wheel twice": (more(wheels=[wheel("einops", "0.9")]), "it lists einops twice"),
    "a wheel of what conda brings": (more(wheels=[wheel("numpy", "1.26.4")]), "comes from conda"),
    "a conda file of another package": (
        row("git", file="sh-1.0-h0_0.conda"),
        "sh-1.0-h0_0.conda is not a file of git-1.0-h0_0",
    ),
    "another build": (row("git", build="h1_0"), "is not a file of git-1.0-h1_0"),
    "a wheel file of another package": (
        row("einops", file="evil-0.8.2-py3-none-any.whl"),
        "is not a wheel of einops 0.8.2",
    ),
    "a wheel for Linux": (
        row("einops", file="einops-0.8.2-cp312-cp312-manylinux_2_28_aarch64.whl"),
        "is not for osx-arm64-macos14",
    ),
    "a wheel for a newer macOS": (
        row("einops", file="einops-0.8.2-cp312-cp312-macosx_15_0_arm64.whl"),
        "is not for osx-arm64-macos14",
    ),
    "a package of the other arch": (row("git", subdir="osx-64"), "git is for osx-64"),
    "another python row": (
        row("python", version="3.11.9", file="python-3.11.9-h0_0_cpython.conda"),
        "its python is 3.11.9, not 3.12",
    ),
    "a python without the lock of the interpreter": (
        row("python", build="h0_0_cp312t", file="python-3.12.13-h0_0_cp312t.conda"),
        "has no global interpreter lock",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_lock_is_not_used(name, tmp_path):
    """Its digests fit, because anyone who edits a lock can compute them. Its fields do not."""
    forge, said = FORGED[name]
    assert said in judge(forge(LOCK), tmp_path)


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_lock_of_another_question_is_solved_again(name, tmp_path):
    """With the digest of another question, it is out of date, or an error all the same."""
    forge, _ = FORGED[name]
    assert judge(replace(forge(LOCK), inputs="0" * 64), tmp_path)


def test_a_channel_gives_no_wheels_and_its_own_pytorch(tmp_path):
    """A wheel beside PyTorch from a channel, or its other version, is an error."""
    plain = replace(LAB, pip=())
    question = Question(plain, ARM, CONDA, ("conda-forge",))
    lock = answer(question)
    assert judge(more(wheels=[wheel("evil")])(lock), tmp_path, question).endswith(
        "it has wheels, and the lab asks for none."
    )
    other = row("pytorch", version="2.12.0", file="pytorch-2.12.0-h0_0.conda")(lock)
    assert judge(other, tmp_path, question).endswith("its pytorch is 2.12.0, not 2.13.0.")


def test_a_marker_decides_what_has_to_be_there(tmp_path):
    """A requirement for other systems or processors needs no wheel on this class."""
    asked = ("a; sys_platform == 'linux'", "b; platform_machine == 'arm64'", "c; extra == 'x'")
    question = replace(QUESTION, environment=replace(LAB, pip=asked))
    lock = answer(question)
    assert judge(without("a")(lock), tmp_path, question) == ""
    assert judge(without("c")(lock), tmp_path, question) == ""
    assert "it has no b" in judge(without("b")(lock), tmp_path, question)


def test_a_version_that_only_conda_can_parse_is_in_no_bound(tmp_path):
    """A package with such a version does not fit a bound. Without a bound, it is accepted."""
    odd = row("numpy", provides=(("numpy", "2025c_x"),))(LOCK)
    assert "this PyTorch needs numpy<2" in judge(odd, tmp_path)
    free = replace(QUESTION, variant=replace(WHEELS, constraints=()))
    lock = answer(free, conda=[package("numpy", "2025c_x", provides=[("numpy", "2025c_x")])])
    assert judge(lock, tmp_path, free) == ""


@st.composite
def forgeries(draw):
    """Return a lock with any change that fits the schema, written with digests that fit."""
    data = json.loads(TEXT)
    values = st.sampled_from(
        [
            *("osx-64", "noarch", "conda-forge", "evil", "file:///tmp/x", "torch", "numpy"),
            *("1.0", "2.2.2", "3.11", "osx-arm64-macos15", "a" * 64, "git-1.0-h0_0.conda", "git"),
            *("einops-0.8.2-py3-none-any.whl", None, True, False, 7, [], {}, ["conda-forge"]),
            *({"numpy": "3.0"}, ["python 3.12.*"]),
        ]
    )  # fmt: skip
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([data, data["variant"], *data["conda"], *data["wheels"]]))
        if isinstance(place, dict):
            place[draw(st.sampled_from(sorted(place)))] = draw(values)
        if not all(isinstance(data[key], list) for key in ("conda", "wheels")):
            break
        data["conda"] = [one for one in data["conda"] if isinstance(one, dict)]
    return data


@steady
@given(data=forgeries())
def test_any_forgery_is_an_error_or_keeps_what_was_asked_for(data, tmp_path_factory):
    """What is used has the question's own head, its packages, and rows that fit each other."""
    try:
        read = rebuild(data)
    except LockFileError:
        return
    if judge(read, tmp_path_factory.getbasetemp()):
        return
    assert not list(find_differences(read, QUESTION))
    assert not list(find_contradictions(read))
    assert not list(find_unasked(read, QUESTION))
    assert {one.channel for one in read.conda} == {"conda-forge"}
    names = {one.name for one in (*read.conda, *read.wheels)}
    assert names >= {"python", "pip", "git", "torch", "torchvision", "einops"}


def rebuild(data):
    """Return the lock of some JSON, as an attacker would write it: in Torchard's own form."""
    from torchard.lock import codec, file_format  # noqa: PLC0415

    try:
        return codec._lock(codec._decode(json.dumps(data).encode(), file_format.Lock))
    except codec.MalformedError as error:
        raise LockFileError(str(error)) from error

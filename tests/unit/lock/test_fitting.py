"""Wheels whose libraries do not load are left out, and an older release is tried."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from example_lock import LOCK
from mach_o_writer import SYSTEM, Library, write
from wheelhouse import wheel

from torchard import programs
from torchard.binaries.summary import Summary
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.depot.depot import Depot, DepotError
from torchard.lab.model import Mirrors
from torchard.lock import fetch, fitting, libraries
from torchard.lock.codec import format_lock, parse_lock
from torchard.lock.compare import find_contradictions, find_other_packages
from torchard.lock.lockfile import LibraryCheck, LockError, LockFileError, Wheel
from torchard.lock.question import Question
from torchard.lock.wheels import resolve_wheels
from torchard.workspace.locks import describe_unchecked

ARM = MacClass("osx-arm64", "14.0")
INTEL = MacClass("osx-64", "10.15")
CPU = "@rpath/libtorch_cpu.dylib"
TORCH = Variant("wheels", {"torch": "2.8.0"}, "3.12", mps_expected=True, reason="it fits")
TAG = "cp312-cp312-macosx_11_0_arm64"


def codec(version, *symbols):
    """Return a wheel with a library that imports some symbols of torch."""
    imports = tuple((one, 2, False) for one in symbols)
    content = write(Library(loads=((0xC, SYSTEM), (0xC, CPU)), binds=imports))
    return wheel(f"codec-{version}-{TAG}.whl", files={"codec/_C.so": content})


def torch(*symbols):
    """Return torch 2.8.0 with a library that exports some symbols."""
    content = write(Library(name=CPU, exports=dict.fromkeys(symbols)))
    files = {"torch/lib/libtorch_cpu.dylib": content}
    return wheel(f"torch-2.8.0-{TAG}.whl", files=files)


@pytest.fixture
def lock(asks, tmp_path):
    """Return a function that locks wheels: `lock(url, ["a"])`. `lock.said` is what it announced."""
    said = []

    def lock(url, pip, variant=None, mac_class=ARM):
        mirrors = Mirrors(wheels=url)
        question = Question(asks(pip=pip), mac_class, variant, mirrors=mirrors)
        depot = Depot(tmp_path / "depot", pause=lambda _seconds: None)
        ask = partial(resolve_wheels, python="3.12.13", provided={})
        return fitting.resolve_fitting_wheels(question, ask, depot, said.append)

    lock.said = said
    lock.depot = tmp_path / "depot"
    return lock


def versions(found):
    """Return the version of each wheel by its name."""
    return {one.name: one.version for one in found.wheels}


def test_the_newest_release_that_fits_torch_is_locked(lock, shelf):
    """Its check names the torch it was compared with, and why a newer one was left out."""
    new = codec("0.17.0", "_at_add", "__ZN2at3newEv", "__ZN2at4moreEv")
    url = shelf(torch("_at_add"), new, codec("0.9.1", "_at_add"), codec("0.9.0", "_at_add"))
    found = lock(url, ["codec"], TORCH)
    assert versions(found) == {"codec": "0.9.1", "torch": "2.8.0"}
    first, second = found.libraries
    sha256 = {one.name: one.sha256 for one in found.wheels}
    assert first == LibraryCheck(
        "codec",
        sha256["codec"],
        macos="10.6",
        torch=sha256["torch"],
        symbols=1,
        note="is not the newest: 0.17.0 needs 2 symbols that torch 2.8.0 does not have, such as"
        " at::new",
    )
    assert (second.name, second.torch, second.symbols, second.note) == ("torch", None, 0, "")
    assert any(one.startswith("codec 0.17.0 needs 2 symbols") for one in lock.said)


def test_a_pinned_release_that_does_not_fit_is_an_error_that_names_both(lock, shelf):
    """It has the line of the lab, the number of symbols and an example."""
    url = shelf(torch("_at_add"), codec("0.17.0", "_at_new"), codec("0.9.1", "_at_add"))
    with pytest.raises(LockError) as caught:
        lock(url, ["codec==0.17.0"], TORCH)
    assert caught.value.message == (
        "lab.yaml:21:7: torch cannot be locked for osx-arm64-macos14: codec 0.17.0 needs a symbol"
        " that torch 2.8.0 does not have, such as at_new, and no older release fits."
    )
    assert caught.value.instead.startswith("Ask for another version of codec or of PyTorch")


def test_a_wheel_that_needs_a_newer_macos_than_its_tag_says_is_not_locked(lock, shelf):
    """The format of its imports decides here; without an older release, that is an error."""
    imports = (("_free", 1, False),)
    new = write(Library(arch="x86_64", chained=imports))
    old = write(Library(arch="x86_64", binds=imports))
    tag = "cp312-cp312-macosx_10_9_x86_64"
    wheels = [
        wheel(f"fast-{version}-{tag}.whl", files={"fast/_C.so": content})
        for version, content in (("2.0", new), ("1.0", old))
    ]
    found = lock(shelf(*wheels), ["fast"], mac_class=INTEL)
    assert versions(found) == {"fast": "1.0"}
    assert found.libraries[0].note == (
        "is not the newest: 2.0 needs macOS 11.0 (the chained 64_OFFSET fixups of _C.so)"
    )
    with pytest.raises(LockError, match=r"fast 2\.0 needs macOS 11\.0"):
        lock(shelf(wheels[0], folder="only"), ["fast"], mac_class=INTEL)


def test_an_older_release_for_every_system_says_why_it_is_not_the_newest(lock, shelf):
    """It has no libraries to check, and so a check of its note alone."""
    url = shelf(torch("_a"), codec("2.0", "_b"), wheel("codec-1.0-py3-none-any.whl"))
    found = lock(url, ["codec"], TORCH)
    assert versions(found)["codec"] == "1.0"
    assert "is not the newest: 2.0 needs a symbol" in found.libraries[0].note


def test_the_number_of_tries_is_bounded(lock, shelf, monkeypatch):
    """After so many releases that do not fit, it is an error."""
    monkeypatch.setattr(fitting, "_ROUNDS", 2)
    url = shelf(torch("_a"), *(codec(f"0.{one}", "_b") for one in range(4)))
    with pytest.raises(LockError, match=r"codec 0\.3 needs a symbol .* no more than 2 times"):
        lock(url, ["codec"], TORCH)


def test_a_wheel_for_every_system_is_not_fetched(lock, shelf):
    """By its name it has no libraries."""
    found = lock(shelf(wheel("pure-1.0-py3-none-any.whl")), ["pure"])
    assert (found.libraries, lock.said, lock.depot.exists()) == ((), [], False)


def test_a_wheel_is_read_once(lock, shelf, monkeypatch):
    """The second lock takes the summary beside the wheel, and neither fetches nor reads it."""
    url = shelf(torch("_a"), codec("1.0", "_a"))
    first = lock(url, ["codec"], TORCH)
    for one in first.wheels:
        next((lock.depot / "files" / one.sha256).glob("*.whl")).unlink()
    monkeypatch.setattr(libraries, "_WORKER", "torchard.lock.no_such_worker")
    assert lock(url, ["codec"], TORCH) == first
    assert lock.said == ["reading the libraries in the wheels"]


@pytest.mark.parametrize("content", [b"{", b'{"key": "another", "summary": {}}', b"\xff"])
def test_a_summary_that_cannot_be_used_is_made_again(lock, shelf, content):
    """One that is damaged, or made with another table, is replaced."""
    url = shelf(torch("_a"))
    first = lock(url, ["torch"])
    (kept,) = lock.depot.glob("files/*/libraries-arm64.json")
    whole = kept.read_bytes()
    kept.write_bytes(content)
    assert lock(url, ["torch"]) == first
    assert kept.read_bytes() == whole


def test_a_wheel_that_is_not_what_its_index_says_is_an_error(lock, shelf):
    """Nothing is read or locked that does not have its sha256."""
    file = f"codec-1.0-{TAG}.whl"
    with pytest.raises(DepotError, match=f"{file} from .* has the wrong sha256"):
        lock(shelf(wheel(file, hashes={"sha256": "0" * 64})), ["codec"])


def test_wheels_that_fill_the_disk_are_not_fetched(lock, shelf, monkeypatch):
    """The size that an index names has a bound, because nobody is asked before a lock."""
    monkeypatch.setattr(fetch, "_MOST_FETCHED", 10)
    with pytest.raises(LockError, match="The wheel index says that the wheels to read have"):
        lock(shelf(codec("1.0")), ["codec"])
    assert not lock.depot.exists()


def test_a_wheel_that_unpacks_without_an_end_is_an_error(lock, shelf, monkeypatch):
    """Its reader is stopped, and the wheel is named."""
    limits = programs.Limits(seconds=60, memory=1 << 20, file=1 << 20)
    monkeypatch.setattr(libraries, "LIMITS", limits)
    monkeypatch.setattr(libraries, "_WORKER", "timeit")  # it runs long enough to be seen
    with pytest.raises(LockError) as caught:
        lock(shelf(codec("1.0")), ["codec"])
    assert caught.value.message == (
        f"The libraries in codec-1.0-{TAG}.whl cannot be read: their reader was stopped, because"
        " it used more than 1 MiB of memory."
    )


def test_a_reader_without_an_answer_is_an_error(lock, shelf, monkeypatch):
    """The message has its last words."""
    monkeypatch.setattr(libraries, "_WORKER", "torchard.lock.no_such_worker")
    with pytest.raises(LockError, match=r"ended without an answer: .*no_such_worker"):
        lock(shelf(codec("1.0")), ["codec"])


def test_a_wheel_that_cannot_be_read_is_locked_with_a_note(lock, shelf):
    """Its libraries are broken: nothing is known of them."""
    broken = write(Library())[:40] + b"\xff\x1b[2J"
    url = shelf(wheel(f"codec-1.0-{TAG}.whl", files={"codec/_C\u2028.so": broken}))
    (check,) = lock(url, ["codec"]).libraries
    assert check.macos is None
    assert check.note.startswith("may not load: its libraries cannot be read (codec/_C\\u2028.so: ")
    assert parse(replace(LOCK, wheels=(one_wheel(check),), libraries=(check,)))


A = Wheel("a", "1.0", f"a-1.0-{TAG}.whl", "1" * 64, 5)
T = Wheel("torch", "2.8.0", f"torch-2.8.0-{TAG}.whl", "2" * 64, 5)
BUILT = "may need a newer macOS: its libraries {}, and Torchard does not know which macOS has {}"
IMPORTS = {"libc10.dylib": ["_x"]}
NOT_COMPARED = (
    "may not load: its imports from PyTorch were not compared, because no library of this PyTorch"
    " could be read"
)


def one_wheel(check):
    """Return the wheel of a check."""
    return replace(A, name=check.name, file=f"{check.name}-1.0-{TAG}.whl", sha256=check.sha256)


def parse(lock):
    """Return a lock as its file gives it back."""
    return parse_lock(format_lock(lock).encode(), "x.json")


@pytest.mark.parametrize(
    ("summary", "note"),
    [
        (Summary(), ""),
        (Summary(macos="11.0", built_for="14.0.0", unknown=3, example="_x of libz"), ""),
        (
            Summary(macos="11.0", built_for="14.2.0", unknown=3, example="_x of libz"),
            BUILT.format("were built for macOS 14.2.0", "_x of libz and 2 more"),
        ),
        (
            Summary(macos="11.0", unknown=1, example="_x of libz"),
            BUILT.format("name no macOS", "_x of libz"),
        ),
        (
            Summary(imports=IMPORTS),
            NOT_COMPARED,
        ),
    ],
)
def test_what_is_not_known_is_a_note(summary, note):
    """An unknown symbol counts only if the libraries were built for a newer macOS."""
    summaries = {A.sha256: summary}
    assert fitting.find_misfits([A], summaries, ARM, None) == []
    (check,) = fitting.check_libraries([A], summaries, ARM, None)
    assert check.note == note
    assert check.torch is None


def test_the_macos_of_pytorch_itself_is_the_catalogues():
    """The catalogue knows which of its libraries load only on demand."""
    summaries = {T.sha256: Summary(macos="15.0", exports={"libc10.dylib": []})}
    torch = fitting.Torch("2.8.0", T.sha256, summaries[T.sha256])
    assert fitting.find_misfits([T], summaries, ARM, torch) == []
    own = replace(A, name="torchvision")
    both = {**summaries, own.sha256: Summary(imports=IMPORTS)}
    (misfit,) = fitting.find_misfits([T, own], both, ARM, torch)
    assert misfit.reason == "needs a symbol that torch 2.8.0 does not have, such as x"


CHECKED = replace(
    LOCK,
    wheels=(A, T),
    libraries=(LibraryCheck("a", A.sha256, "11.0", T.sha256, 3), LibraryCheck("torch", T.sha256)),
)


def test_checks_are_in_the_lock_file():
    """The file gives the same checks back, and its digest covers them."""
    assert parse(CHECKED).libraries == CHECKED.libraries
    text = format_lock(CHECKED)
    with pytest.raises(LockFileError, match="edited"):
        parse_lock(text.replace('"symbols": 3', '"symbols": 4').encode(), "x.json")
    assert CHECKED.digest == replace(CHECKED, libraries=()).digest


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"sha256": "9" * 64}, "it has a check of another a"),
        ({"name": "b"}, "it has a check of another b"),
        ({"torch": "9" * 64}, "a was compared with another torch"),
        ({"macos": "14.1"}, "a needs macOS 14.1"),
    ],
)
def test_a_check_that_does_not_fit_the_wheels_is_an_error(change, what):
    """A person who edits a lock cannot add a check of other files."""
    first, second = CHECKED.libraries
    forged = replace(CHECKED, libraries=(replace(first, **change), second))
    assert [text for _, text in find_contradictions(forged)] == [what]
    with pytest.raises(LockFileError, match=what):
        parse(forged)


def test_a_lock_without_a_check_is_out_of_date():
    """Only wheels for every system need none."""
    assert describe_unchecked(CHECKED) == ""
    assert describe_unchecked(LOCK) == ""
    assert describe_unchecked(replace(CHECKED, libraries=())) == (
        "out of date: it has no check of the libraries of a and of 1 more"
    )
    assert describe_unchecked(replace(CHECKED, libraries=CHECKED.libraries[:1])) == (
        "out of date: it has no check of the libraries of torch"
    )


def test_an_audit_compares_checks():
    """What the libraries give counts; why a newer release was left out is not found again."""
    first, second = CHECKED.libraries
    noted = replace(CHECKED, libraries=(replace(first, note="is not the newest"), second))
    assert list(find_other_packages(noted, CHECKED)) == []
    other = replace(CHECKED, libraries=(replace(first, symbols=9), second))
    assert [text for _, text in find_other_packages(other, CHECKED)] == [
        "its check of a is not what the libraries give"
    ]

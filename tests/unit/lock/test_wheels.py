"""The wheels of a lock: resolved by the real uv over small indexes, one file for each release."""

from __future__ import annotations

import hashlib

import pytest
import uv
from solving import ARM, fail, make_wheel_solver
from wheelhouse import pure, wheel

from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lock import wheels
from torchard.lock.index import Offer
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question
from torchard.lock.tags import list_tags

CLASSES = {
    "arm 15": MacClass("osx-arm64", "15.0"),
    "arm 14": ARM,
    "arm 12": MacClass("osx-arm64", "12.3"),
    "intel 12": MacClass("osx-64", "12.0"),
    "intel 10.15": MacClass("osx-64", "10.15"),
}
ANY = dict.fromkeys(list_tags(ARM, "3.12.13"), 0)
CANARY = "canary-7d1f"
TRIO = Variant(
    "wheels",
    {"torch": "2.2.2", "torchvision": "0.17.2"},
    "3.12",
    mps_expected=True,
    reason="it fits",
)
NIGHTLY = Variant(
    "wheels", {"torch": None, "torchvision": None}, "3.12", mps_expected=True, reason="the newest"
)


@pytest.fixture
def solve(asks):
    """Return a function that resolves wheels: `solve(url, pip=["a"])`."""
    return make_wheel_solver(asks)


def torch(release="2.2.2", vision="0.17.2"):
    """Return a torch that brings sympy, and its torchvision that brings numpy."""
    return [
        wheel(f"torch-{release}-cp312-none-macosx_11_0_arm64.whl", "sympy"),
        wheel(f"torchvision-{vision}-cp312-cp312-macosx_11_0_arm64.whl", "numpy", "torch"),
        pure("sympy", "1.12"),
        pure("numpy", "1.26.4"),
        pure("numpy", "2.0.0"),
    ]


@pytest.mark.parametrize(
    ("mac", "python", "tags"),
    [
        ("arm 15", "3.12.13", "cp312-cp312-macosx_14_0_arm64"),
        ("arm 14", "3.12.13", "cp312-cp312-macosx_14_0_arm64"),
        ("arm 12", "3.12.13", "cp312-cp312-macosx_11_0_arm64"),
        ("intel 12", "3.12.13", "cp312-cp312-macosx_10_13_universal2"),
        ("intel 10.15", "3.12.13", "cp312-cp312-macosx_10_13_universal2"),
        ("arm 14", "3.13.1", "cp311-abi3-macosx_11_0_arm64"),
        ("arm 14", "3.11.4", "cp311-abi3-macosx_11_0_arm64"),
        ("arm 14", "3.10.4", "py3-none-macosx_11_0_arm64"),
        ("intel 12", "3.13.1", "py3-none-any"),
    ],
)
def test_the_best_tag_is_taken(solve, shelf, mac, python, tags):
    """As pip would: the python's own abi, then a stable one, then none; the newest platform."""
    url = shelf(
        *(
            wheel(f"a-1.0-{one}.whl")
            for one in [
                "py3-none-any",
                "py3-none-macosx_11_0_arm64",
                "cp311-abi3-macosx_11_0_arm64",
                "cp312-cp312-macosx_10_13_universal2",
                "cp312-cp312-macosx_11_0_arm64",
                "cp312-cp312-macosx_14_0_arm64",
                "cp312-cp312t-macosx_14_0_arm64",
                "cp312-cp312-manylinux_2_28_aarch64",
                "cp312-cp312-macosx_26_0_arm64",
            ]
        )
    )
    (found,) = solve(url, ["a"], mac_class=CLASSES[mac], python=python)
    assert found.file == f"a-1.0-{tags}.whl"


@pytest.mark.parametrize("builds", [("-9", "-10", ""), ("", "-10", "-9")])
def test_the_last_build_of_a_tag_is_taken(asks, builds):
    """Of wheels with the same tags, the highest build number counts, in whatever order they are."""
    offers = [Offer("a", "1.0", f"a-1.0{one}-py3-none-any.whl", "", "0" * 64, 1) for one in builds]
    chosen, _ = wheels._choose_wheel(offers, ANY, Question(asks(), ARM))
    assert chosen.file == "a-1.0-10-py3-none-any.whl"


def test_who_wants_no_wheels_needs_no_uv(solve, monkeypatch):
    """An environment of conda packages alone is locked without an index."""
    monkeypatch.setattr(uv, "find_uv_bin", lambda: "/nowhere/uv")
    assert solve("http://127.0.0.1:1/simple", provided={"numpy": "1.26.0"}) == {}


def test_a_release_without_a_fitting_wheel_is_an_error(asks):
    """The message has the line of a wheel that uv chose and whose tags do not fit the Mac."""
    offers = [
        Offer("a", "1.0", file, "", "0" * 64, 1)
        for file in ["a-1.0-cp312-cp312-macosx_26_0_arm64.whl", "a-1.0.whl"]
    ]
    with pytest.raises(LockError) as caught:
        wheels._choose_wheel(offers, {}, Question(asks(pip=["b", "A>=1"]), ARM))
    assert caught.value.message == (
        "lab.yaml:22:7: no wheel of a 1.0 fits osx-arm64-macos14 (torch)."
    )


def test_the_trio_is_pinned_and_constrained(solve, shelf):
    """The variant's versions and constraints count together with the lab's."""
    url = shelf(*torch(), *torch("2.15.0", "0.29.2"), pure("einops", "0.8.1"))
    bound = Variant(**{**vars(TRIO), "constraints": ("numpy<2",)})
    found = {one.name: one.version for one in solve(url, ["Einops"], bound)}
    assert found == {
        "einops": "0.8.1",
        "numpy": "1.26.4",
        "sympy": "1.12",
        "torch": "2.2.2",
        "torchvision": "0.17.2",
    }
    assert list(found) == sorted(found)


def test_pytorch_from_conda_is_not_a_wheel(solve, shelf):
    """If PyTorch comes from conda, only the lab's `pip:` comes as wheels."""
    variant = Variant(
        "conda-forge", {"pytorch": "2.13.0"}, "3.12", mps_expected=True, reason="asked for"
    )
    found = solve(shelf(pure("a", "1.0"), *torch()), ["a"], variant)
    assert [one.name for one in found] == ["a"]


def test_distributions_from_conda_do_not_come_again(solve, shelf):
    """A distribution has one owner: conda's stays, and wheels must fit it."""
    url = shelf(*torch(), pure("a", "1.0", "numpy<2"), pure("a", "2.0", "numpy>=2"))
    found = solve(url, ["a", "numpy"], TRIO, provided={"numpy": "1.26.0", "pip": "25.0"})
    assert {one.name: one.version for one in found} == {
        "a": "1.0",
        "sympy": "1.12",
        "torch": "2.2.2",
        "torchvision": "0.17.2",
    }


def test_conflict_with_conda_names_both(solve, shelf):
    """The message has the line of `pip:` and the owner of the package."""
    url = shelf(pure("numpy", "2.0.0"), pure("a", "1.0", "numpy-like"), pure("numpy-like", "1"))
    error = fail(solve, url, ["a", "numpy>=2"], provided={"numpy": "1.26.0", "a-b": "1"})
    assert error.message.startswith("lab.yaml:22:7: torch cannot be locked for osx-arm64-macos14: ")
    assert "no set of wheels satisfies it" in error.message
    assert error.instead.startswith("numpy comes from conda in this version")


def test_another_torch_from_conda_is_an_error(solve, shelf):
    """An environment cannot have conda's torch and another one as a wheel."""
    for version in ("2.5.1", "not.a.version"):
        error = fail(solve, shelf(*torch()), variant=TRIO, provided={"torch": version})
        assert f"torch {version} comes from conda, and 2.2.2 is wanted as a wheel" in error.message
    error = fail(solve, shelf(*torch()), variant=NIGHTLY, provided={"torch": "2.2.2"})
    assert "a nightly build is wanted as a wheel" in error.message
    found = solve(shelf(*torch()), variant=TRIO, provided={"torch": "2.2.2.0"})
    assert [one.name for one in found] == ["numpy", "torchvision"]


def test_extras_of_conda_packages_are_an_error(solve, shelf):
    """Conda packages have no extras, so their requirements would be missing."""
    url = shelf(pure("b", "1.0"), pure("a", "1.0", 'b; extra == "more"'))
    assert [one.name for one in solve(url, ["A[more]"])] == ["a", "b"]
    error = fail(solve, url, ["b", "A[more]"], provided={"a": "1.0"})
    assert error.message.startswith("lab.yaml:22:7: in torch for osx-arm64-macos14, a comes from")
    assert "A[more]" in error.message


def test_unsatisfiable_wheels_name_their_line(solve, shelf):
    """The message has the line of `pip:` that uv complains of, or the environment's."""
    url = shelf(pure("a", "1.0"), pure("a_b", "1.0"), *torch("2.15.0"))
    error = fail(solve, url, ["a", "A_B>=2"])
    assert error.message.startswith("lab.yaml:22:7: torch cannot be locked for osx-arm64-macos14: ")
    assert error.message.endswith("the wheel index has no a-b>=2; its newest is 1.0.")
    assert error.instead == "Write `a-b==1.0` in `pip:`."
    assert fail(solve, url, variant=TRIO).message.startswith("lab.yaml:2:3: ")


def test_nightly_trio_comes_from_its_index_and_the_rest_from_the_machines(solve, shelf):
    """Only the trio comes from the nightly index, not its dependencies."""
    own = shelf(*torch("9.0.0", "9.0.0"), pure("a", "1.0"))
    nightly = shelf(
        wheel("torch-2.16.0.dev1-cp312-cp312-macosx_14_0_arm64.whl", "sympy"),
        wheel("torchvision-0.30.0.dev1-py3-none-macosx_14_0_arm64.whl", "torch==2.16.0.dev1"),
        wheel("torch-2.16.0.dev2-cp312-cp312-macosx_14_0_arm64.whl", "sympy"),
        pure("sympy", "9.9"),
        pure("a", "9.9"),
        folder="nightly",
    )
    found = {one.name: one.version for one in solve(own, ["a"], NIGHTLY, nightly=nightly)}
    assert found == {
        "a": "1.0",
        "sympy": "1.12",
        "torch": "2.16.0.dev1",
        "torchvision": "0.30.0.dev1",
    }
    stable = {one.name: one.version for one in solve(own, ["a", "torch"], None, nightly=nightly)}
    assert stable["torch"] == "9.0.0"


@pytest.mark.parametrize("json_pages", [False, True])
def test_a_wheel_without_sha256_is_an_error(solve, shelf, serve, tmp_path, json_pages):
    """The Macs verify a sha256, and no other hash replaces it."""
    shelf(pure("a", "1.0", hashes={"md5": "0" * 32}), json_pages=json_pages)
    error = fail(solve, f"{serve(tmp_path / 'index').url}/simple", ["a"])
    assert error.message == "The wheel index has no sha256 of a-1.0-py3-none-any.whl."


def test_a_wheel_without_any_hash_is_fetched_for_its_own(solve, shelf, serve, tmp_path):
    """If the index has no hash at all, uv computes it from the bytes, and the lock has it."""
    shelf(pure("a", "1.0", hashes={}))
    server = serve(tmp_path / "index")
    (found,) = solve(f"{server.url}/simple", ["a"])
    content = (tmp_path / "index" / "wheels" / found.file).read_bytes()
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert f"GET /wheels/{found.file}" in server.seen


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("file", "a-1.0-1$(x)-py3-none-any.whl"),
        ("file", "a-1.0-1 x-py3-none-any.whl"),
        ("sha256", "abc"),
        ("version", "1.0; x"),
        ("name", "-a"),
        ("size", -1),
    ],
)
def test_an_index_with_hostile_values_is_an_error(asks, field, value):
    """Values that would reach a path or a shell are checked, also if uv accepts them."""
    row = {
        "name": "a", "version": "1.0", "file": "a-1.0-py3-none-any.whl", "url": "",
        "sha256": "0" * 64, "size": 1,
    }  # fmt: skip
    with pytest.raises(LockError) as caught:
        wheels._choose_wheel([Offer(**{**row, field: value})], ANY, Question(asks(), ARM))
    assert caught.value.message.startswith("The wheel index describes ")
    assert " in a way that no lock can hold: " in caught.value.message
    assert caught.value.message.isprintable()


def test_a_size_in_the_index_needs_no_request(solve, shelf, serve, tmp_path):
    """An index of the newer form (PEP 691) has sizes."""
    shelf(pure("a", "1.0"), json_pages=True)
    server = serve(tmp_path / "index")
    (found,) = solve(f"{server.url}/simple", ["a"])
    assert found.size == (tmp_path / "index" / "wheels" / found.file).stat().st_size
    assert [one for one in server.seen if one.startswith("HEAD")] == []


def test_a_size_that_the_index_lacks_is_asked_for_once(solve, shelf, serve, tmp_path):
    """With an older index (PEP 503), only the chosen wheel's length is asked for."""
    shelf(pure("a", "1.0"), wheel("a-1.0-cp312-none-macosx_11_0_arm64.whl"))
    server = serve(tmp_path / "index")
    (found,) = solve(f"{server.url}/simple", ["a"])
    assert found.size == (tmp_path / "index" / "wheels" / found.file).stat().st_size
    asked = [one for one in server.seen if one.endswith(".whl")]
    assert asked == [f"HEAD /wheels/{found.file}"]


@pytest.mark.parametrize("port", ["1", "port"])
def test_a_wheel_without_a_size_is_an_error(asks, port):
    """If neither the index nor the server has the size, the message says what to do."""
    url = f"http://user:{CANARY}@127.0.0.1:{port}/a-1.0-py3-none-any.whl"
    offer = Offer("a", "1.0", "a-1.0-py3-none-any.whl", url, "0" * 64, None)
    with pytest.raises(LockError) as caught:
        wheels._choose_wheel([offer], ANY, Question(asks(), ARM))
    assert caught.value.message.startswith(
        "Neither the wheel index nor its server has the size of a-1.0-py3-none-any.whl: "
    )
    assert "PEP 691" in caught.value.instead
    assert CANARY not in str(caught.value)


def test_no_login_is_locked_or_printed(solve, shelf, serve, tmp_path, capfd):
    """The login of a private index is used and neither locked nor printed."""
    shelf(pure("a", "1.0"), pure("b", "1.0", hashes={"md5": "0" * 32}))
    server = serve(tmp_path / "index", f"user:{CANARY}")
    url = f"http://user:{CANARY}@{server.host}/private/simple"
    (found,) = solve(url, ["a"])
    assert CANARY not in repr(found)
    assert f"HEAD /private/wheels/{found.file}" in server.seen
    for pip in (["b"], ["a>=2"], ["zzz"]):
        assert CANARY not in str(fail(solve, url, pip))
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err


def test_index_that_cannot_be_reached_is_not_the_labs_fault(solve):
    """The message is about the network and the address, not about a version."""
    error = fail(solve, "http://127.0.0.1:9/simple", pip=["a"])
    assert error.message.startswith("The wheel index of torch for osx-arm64-macos14 could not be")
    assert "127.0.0.1:9" in error.message
    assert "Check the address" in error.instead

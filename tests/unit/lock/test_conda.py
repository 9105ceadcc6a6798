"""The conda half of a lock, solved by the real solver over simlab's channel."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from solving import ARM, channel, fail, make_conda_solver, numpy

from simlab.package import File, Package, write_bz2, write_conda
from torchard.catalog.mac_class import MacClass
from torchard.depot.depot import Depot
from torchard.depot.download import DownloadError
from torchard.lab.model import Mirrors
from torchard.lock import conda, conda_worker
from torchard.lock.question import Question

CANARY = "canary-7d1f"


@pytest.fixture
def solve(mirrors, store):
    """Return a function that solves an environment over simlab's conda-forge."""
    return make_conda_solver(mirrors, store)


@pytest.mark.parametrize(
    ("subdir", "macos", "python"),
    [
        ("osx-arm64", "12.3", "3.12.13"),
        ("osx-arm64", "15.0", "3.12.13"),
        # The newest builds for Intel ask for macOS 11.
        ("osx-64", "10.15", "3.12.12"),
        ("osx-64", "13.0", "3.12.13"),
    ],
)
def test_packages_fit_the_mac_class(solve, asks, subdir, macos, python):
    """Every package is for the class's subdir or noarch, and nothing asks for a newer macOS."""
    found = solve(asks(conda=["numpy"]), MacClass(subdir, macos))
    assert {one.subdir for one in found.values()} == {subdir, "noarch"}
    assert found["python"].version == python
    assert {one.channel for one in found.values()} == {"conda-forge"}
    assert found["numpy"].file.endswith(".conda")
    assert found["numpy"].file == f"numpy-2.4.2-{found['numpy'].build}.conda"


def test_packages_come_after_their_dependencies(solve, asks, simlab_depot):
    """The order is one in which each package can be installed."""
    order = list(solve(asks(conda=["numpy", "git", "cmake"])))
    index = {}
    for subdir in ("osx-arm64", "noarch"):
        text = (simlab_depot.channel / subdir / "repodata.json").read_text(encoding="utf-8")
        content = json.loads(text)
        index |= content["packages"] | content["packages.conda"]
    depends = {row["name"]: row["depends"] for row in index.values() if row["name"] in order}
    for name in order:
        for one in depends[name]:
            other = one.split(" ")[0]
            if other in order and (name, other) != ("python", "pip"):
                assert order.index(other) < order.index(name), f"{other} before {name}"


def test_sha256_and_size_are_those_of_the_archive(solve, asks, simlab_depot, store):
    """A lock has the values of the channel's archive, and the depot fetches by them."""
    one = solve(asks(conda=["numpy"]))["numpy"]
    archive = simlab_depot.channel / one.subdir / one.file
    assert archive.stat().st_size == one.size
    kept = store.root / "files" / one.sha256 / one.file
    assert kept.read_bytes() == archive.read_bytes()


def test_archives_are_reported_with_all_their_bytes(solve, asks, tmp_path, mirrors):
    """Downloads that run at the same time are one line: only their sum has a rate."""
    reports = []
    fresh = Depot(tmp_path / "depot")
    fresh.report = lambda *report: reports.append(report)
    question = Question(asks(conda=["numpy"]), ARM, None, ("conda-forge",), mirrors)
    found = {one.file: one for one in conda.solve_conda(question, fresh)}
    fetched = [found[path.name].size for path in (fresh.root / "files").glob("*/*")]
    assert len(fetched) > 1
    assert {what for what, _, _ in reports} == {f"{len(fetched)} conda packages"}
    assert reports[-1][1:] == (sum(fetched), sum(fetched))
    assert sorted(done for _, done, _ in reports) == [done for _, done, _ in reports]
    reports.clear()
    conda.solve_conda(question, fresh)
    assert reports == []


def test_distributions_are_read_from_the_archives(solve, asks):
    """Names are normalised. A package without a distribution provides nothing."""
    found = solve(asks(conda=["numpy"]))
    assert dict(found["numpy"].provides) == {"numpy": "2.4.2"}
    assert dict(found["pip"].provides).keys() == {"pip"}
    assert found["python"].provides == ()
    assert found["libblas"].provides == ()


@pytest.mark.parametrize("write", [write_conda, write_bz2])
def test_every_form_of_distribution_is_found(tmp_path, write):
    """dist-info and both egg-infos count, in both kinds of archive; vendored ones do not."""
    site = "lib/python3.12/site-packages"
    paths = [
        f"{site}/Foo_Bar-1.0.post1.dist-info/METADATA",
        f"{site}/old.style-2.0-py3.12.egg-info/PKG-INFO",
        f"{site}/flat-3.0-py3.12.egg-info",
        f"{site}/setuptools/_vendor/wheel-0.45.1.dist-info/METADATA",
        f"{site}/foo_bar-1.0.post1.dist-info/RECORD",
        f"{site}/_private-1.0.dist-info/METADATA",
        "share/other-1.0.dist-info/METADATA",
    ]
    package = Package("x", "1", "0", 0, "osx-arm64", files={path: File(b"x") for path in paths})
    found = conda_worker.read_distributions(str(write(package, tmp_path)))
    assert found == {"foo-bar": "1.0.post1", "old-style": "2.0", "flat": "3.0"}


@pytest.mark.parametrize(
    ("depends", "expected"),
    [
        (["python >=3.12"], True),
        (["python"], True),
        (["libx", "python>=3"], True),
        (["python_abi 3.12.*"], False),
        (["python-freethreading"], False),
        ([], False),
    ],
)
def test_only_a_package_that_needs_python_may_have_distributions(depends, expected):
    """Locking does not fetch an archive that cannot have a distribution."""
    assert conda_worker.has_python_dependency(depends) is expected


def test_first_channel_wins_whatever_is_newer_in_the_next(solve, asks, mirrors, tmp_path):
    """Channel priority is strict: a package of the first channel comes only from there."""
    mine = channel(tmp_path / "mine", numpy("1.0.0"))
    both = Mirrors({**mirrors.conda, "mine": mine})
    ask = asks(conda=["numpy"])
    first = solve(ask, channels=("mine", "conda-forge"), mirrors=both)["numpy"]
    assert (first.channel, first.version) == ("mine", "1.0.0")
    last = solve(ask, channels=("conda-forge", "mine"), mirrors=both)["numpy"]
    assert (last.channel, last.version) == ("conda-forge", "2.4.2")
    ask = asks(conda=["numpy>=2"])
    error = fail(solve, ask, channels=("mine", "conda-forge"), mirrors=both)
    assert "mine has no numpy>=2 for these Macs; the newest is 1.0.0" in error.message


def test_channel_below_another_is_recognised(solve, asks, mirrors, tmp_path):
    """The URL of one channel may begin with the URL of another."""
    outer = channel(tmp_path / "outer")
    inner = channel(tmp_path / "outer" / "inner", numpy())
    found = solve(asks(conda=["numpy"]), channels=(outer, inner, "conda-forge"))
    assert found["numpy"].channel == inner


def test_channel_is_kept_as_the_lab_writes_it(solve, asks, mirrors, simlab_depot):
    """The lock has the channel and never its mirror, however the URL is written."""
    url = simlab_depot.channel.as_uri() + "/"
    found = solve(asks(), channels=(url,))
    assert {one.channel for one in found.values()} == {url}


def test_macos_threshold_is_honoured(solve, asks):
    """A package that asks for a newer macOS than the class's is not chosen."""
    ask = asks(conda=["mlx"])
    assert solve(ask)["mlx"].version == "0.29.3"
    error = fail(solve, ask, MacClass("osx-arm64", "13.0"))
    assert error.message.startswith("lab.yaml:11:7: ")
    assert error.message.endswith("for osx-arm64-macos13: mlx 0.29.3 needs macOS 14.")


def test_unsolvable_environment_names_its_line(solve, asks):
    """The message has the line of the package that the solver complains of."""
    error = fail(solve, asks(conda=["git", "nodejs>=99"], name="web"), MacClass("osx-64", "12.3"))
    assert error.message.startswith("lab.yaml:12:7: web cannot be locked for osx-64-macos12.3: ")
    assert "conda-forge has no nodejs>=99 for these Macs" in error.message
    error = fail(solve, asks(python="3.42"))
    assert error.message.startswith("lab.yaml:2:3: ")
    assert "conda-forge has no python 3.42 for these Macs" in error.message
    assert error.instead.startswith("Choose one of `python:` 3.")


def test_name_inside_another_does_not_count(solve, asks):
    """A message about `git-lfs` is not about `git`."""
    error = fail(solve, asks(conda=["git", "git-lfs"]))
    assert error.message.startswith("lab.yaml:12:7: ")


def test_text_that_is_not_a_spec_names_its_line(solve, asks):
    """The message has the line of a spec that the solver cannot read."""
    error = fail(solve, asks(conda=["git", "numpy ==>1"]))
    assert error.message.startswith("lab.yaml:12:7: torch for osx-arm64-macos14 cannot be locked")
    assert "numpy ==>1 is not a match spec" in error.message


@pytest.mark.parametrize("where", ["file", "port", "index", "web page"])
def test_channel_that_cannot_be_read_is_named(solve, asks, tmp_path, serve, where):
    """The message has the address of a missing channel, or of a page that is not one."""
    url = (tmp_path / "nothing").as_uri()
    if where == "port":
        url = "http://127.0.0.1:1/nothing"
    if where in {"index", "web page"}:
        for subdir in ("noarch", "osx-arm64"):
            (tmp_path / "nothing" / subdir).mkdir(parents=True)
            text = "{" if where == "index" else "<html>Please log in</html>"
            (tmp_path / "nothing" / subdir / "repodata.json").write_text(text, encoding="utf-8")
    error = fail(solve, asks(), mirrors=Mirrors({"conda-forge": url}))
    begin = "The channels of torch for osx-arm64-macos14 could not be read from "
    reason = ", because nothing answers at that address:" if where == "port" else ":"
    assert error.message.startswith(f"{begin}{url}{reason}")
    assert ("that the server runs" if where == "port" else "mirrors.conda") in error.instead


def test_private_channel_is_read_with_its_login(solve, asks, simlab_depot, serve):
    """A login in a mirror's URL reads the index and fetches the archives, and is not locked."""
    server = serve(simlab_depot.root, f"user:{CANARY}")
    url = f"http://user:{CANARY}@{server.host}/private/conda/conda-forge"
    found = solve(asks(), mirrors=Mirrors({"conda-forge": url}))
    assert found["python"].channel == "conda-forge"
    assert CANARY not in repr(found)


@pytest.mark.parametrize("way", ["user:{}@127.0.0.1:1/x", "127.0.0.1:1/t/{}/x", "{}@[::1/x"])
def test_no_secret_of_a_channel_is_printed(solve, asks, way):
    """Neither a password nor a token of a channel's URL is in an error."""
    url = f"http://{way.format(CANARY)}"
    assert CANARY not in str(fail(solve, asks(), mirrors=Mirrors({"conda-forge": url})))


def test_free_threaded_python_is_an_error(solve, asks, mirrors, tmp_path):
    """PyTorch has no wheels for a python without the global interpreter lock."""
    python = Package("python", "3.12.99", "h1_0_cp312t", 0, "osx-arm64")
    both = Mirrors({**mirrors.conda, "mine": channel(tmp_path / "mine", python)})
    error = fail(solve, asks(), channels=("mine", "conda-forge"), mirrors=both)
    assert error.message.startswith("lab.yaml:2:3: torch for osx-arm64-macos14 would get")
    assert "h1_0_cp312t" in error.message


@pytest.mark.parametrize("key", ["sha256", "size"])
def test_package_without_sha256_or_size_is_an_error(solve, asks, mirrors, tmp_path, key):
    """Torchard does not lock a package that it cannot verify."""
    mine = channel(tmp_path / "mine", numpy())
    path = tmp_path / "mine" / "osx-arm64" / "repodata.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for row in content["packages.conda"].values():
        del row[key]
    path.write_text(json.dumps(content), encoding="utf-8")
    both = Mirrors({**mirrors.conda, "mine": mine})
    error = fail(solve, asks(conda=["numpy"]), channels=("mine", "conda-forge"), mirrors=both)
    assert "has no sha256 and size in its channel's index" in error.message
    assert "numpy-9.0.0-py312_0.conda" in error.message


def test_archive_with_other_bytes_is_an_error(solve, asks, mirrors, tmp_path):
    """Bytes that do not fit the channel's index are not kept."""
    mine = channel(tmp_path / "mine", numpy("9.0.1"))  # which the depot does not have yet
    (tmp_path / "mine" / "osx-arm64" / "numpy-9.0.1-py312_0.conda").write_bytes(b"other")
    both = Mirrors({**mirrors.conda, "mine": mine})
    with pytest.raises(DownloadError, match="wrong length"):
        solve(asks(conda=["numpy"]), channels=("mine", "conda-forge"), mirrors=both)


def test_file_that_is_not_an_archive_is_an_error(solve, asks, mirrors, tmp_path):
    """The right sha256 does not make a file a package; the channel is to blame."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:bz2") as tar:
        content = json.dumps(numpy().index()).encode()
        member = tarfile.TarInfo("info/index.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))

    def write(_package, directory):
        (directory / "numpy-9.0.0-py312_0.tar.bz2").write_bytes(archive.getvalue())

    mine = channel(tmp_path / "mine", numpy(), write=write)
    both = Mirrors({**mirrors.conda, "mine": mine})
    error = fail(solve, asks(conda=["numpy"]), channels=("mine", "conda-forge"), mirrors=both)
    assert error.message.startswith("The archive of a conda package cannot be read")


def test_no_setting_of_conda_changes_a_lock(solve, asks, bare_shell, monkeypatch, tmp_path):
    """Neither a .condarc, wherever it is, nor a variable: two people get the same lock."""
    answer = solve(asks(conda=["numpy"]))
    (tmp_path / "here").mkdir()
    rules = "channels: [nowhere]\nsubdir: linux-64\noffline: true\npinned_packages: [numpy 1.0]\n"
    places = (bare_shell / ".condarc", bare_shell / "condarc", tmp_path / "here" / ".condarc")
    for place in places:
        place.write_text(rules, encoding="utf-8")
    for name, value in {
        "CONDARC": places[1],
        "CONDA_SUBDIR": "linux-64",
        "CONDA_OVERRIDE_OSX": "10.9",
        "CONDA_OVERRIDE_ARCHSPEC": "x86_64",
        "CONDA_CHANNELS": "nowhere",
        "CONDA_OFFLINE": "1",
        "MAMBA_ROOT_PREFIX": bare_shell,
        "RATTLER_CACHE_DIR": "/nowhere",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path / "here")
    assert solve(asks(conda=["numpy"])) == answer

"""The conda half of a lock, solved by the real solver over simlab's channel."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import struct
import tarfile
import time
import zipfile
from dataclasses import replace

import pytest
from rattler.index import index_fs

from simlab.package import File, Package, dist_info, write_bz2, write_conda
from torchard.catalog.mac_class import MacClass
from torchard.depot.depot import Depot
from torchard.depot.download import DownloadError
from torchard.lab.model import Mirrors
from torchard.lock import conda, conda_process, conda_worker, fetch
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

ARM = MacClass("osx-arm64", "14.0")
CANARY = "canary-7d1f"


@pytest.fixture
def solve(mirrors, store):
    """Return a function that solves an environment over simlab's conda-forge."""

    def solve(environment, mac_class=ARM, channels=("conda-forge",), mirrors=mirrors):
        return {
            one.name: one
            for one in conda.solve_conda(
                Question(environment, mac_class, None, channels, mirrors), store
            )
        }

    return solve


def fail(solve, *arguments, **options):
    """Return the error that solving ends with."""
    with pytest.raises(LockError) as caught:
        solve(*arguments, **options)
    return caught.value


def channel(directory, *packages, write=write_conda):
    """Write a channel of some packages; return its URL."""
    for subdir in ("osx-arm64", "osx-64", "noarch"):
        (directory / subdir).mkdir(parents=True)
    for one in packages:
        write(one, directory / one.subdir)

    async def index():
        await index_fs(directory, write_zst=False, write_shards=False)
        await asyncio.sleep(0.01)

    asyncio.run(index())
    return directory.as_uri()


def numpy(version="9.0.0", **changes):
    """Return a numpy that conda-forge does not have."""
    site = "lib/python3.12/site-packages"
    files = {f"{site}/{path}": File(one) for path, one in dist_info("numpy", version, {}).items()}
    row = {"depends": ("python >=3.12,<3.13.0a0",), "files": files, **changes}
    return Package("numpy", version, "py312_0", 0, "osx-arm64", **row)


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


def bomb(name, size):
    """Return a .conda archive whose list of files has `size` times 128 KiB of spaces.

    Each takes 4 bytes of it: a zstd block of one byte, repeated (RFC 8878, 3.1.1.2).
    """
    start, end = b'{"paths_version": 1, "paths": [', b"]}"
    block = 128 << 10
    member = tarfile.TarInfo("info/paths.json")
    member.size = len(start) + size * block + len(end)
    head = member.tobuf() + start
    tail = end + bytes(-member.size % 512 + 1024)
    parts = [b"\x28\xb5\x2f\xfd\x00\x50"]  # a window of 1 MiB, and no size
    parts += [struct.pack("<I", len(head) << 3)[:3], head]
    parts += [struct.pack("<I", block << 3 | 2)[:3], b" "] * size
    parts += [struct.pack("<I", len(tail) << 3 | 1)[:3], tail]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        archive.writestr(f"info-{name}.tar.zst", b"".join(parts))
    return file.getvalue()


def test_an_archive_that_unpacks_without_an_end_is_an_error(
    solve, asks, mirrors, tmp_path, monkeypatch
):
    """Its reader is stopped where it takes too much memory, and the message names the archive."""
    small = replace(conda.READ_LIMITS, memory=160 << 20)
    monkeypatch.setattr(conda, "READ_LIMITS", small)
    packed = bomb("numpy-9.0.0-py312_0", 2000)
    assert len(packed) < 11_000
    mine = channel(tmp_path / "mine", numpy())
    file = tmp_path / "mine" / "osx-arm64" / "numpy-9.0.0-py312_0.conda"
    page = file.with_name("repodata.json")
    row = json.loads(page.read_text(encoding="utf-8"))
    file.write_bytes(packed)
    row["packages.conda"][file.name] |= {
        "sha256": hashlib.sha256(packed).hexdigest(),
        "size": len(packed),
    }
    page.write_text(json.dumps(row), encoding="utf-8")
    both = Mirrors({**mirrors.conda, "mine": mine})
    error = fail(solve, asks(conda=["numpy"]), channels=("mine", "conda-forge"), mirrors=both)
    assert error.message == (
        f"The archive {file.name} of a conda package cannot be read: its reader was stopped,"
        " because it used more than 160 MiB of memory."
    )


def test_archives_that_fill_the_disk_are_not_fetched(solve, asks, mirrors, tmp_path, monkeypatch):
    """The size that a channel names has a bound, because nobody is asked before a lock."""
    monkeypatch.setattr(fetch, "_MOST_FETCHED", 1 << 30)
    mine = channel(tmp_path / "mine", numpy("9.1"))
    page = tmp_path / "mine" / "osx-arm64" / "repodata.json"
    row = json.loads(page.read_text(encoding="utf-8"))
    row["packages.conda"]["numpy-9.1-py312_0.conda"] |= {"size": 1 << 31, "sha256": "b" * 64}
    page.write_text(json.dumps(row), encoding="utf-8")
    both = Mirrors({**mirrors.conda, "mine": mine})
    error = fail(solve, asks(conda=["numpy"]), channels=("mine", "conda-forge"), mirrors=both)
    assert f"numpy-9.1-py312_0.conda alone has {1 << 31}" in error.message
    assert "at most 1 GiB for a lock" in error.message


def test_an_index_without_an_end_is_an_error(asks, tmp_path, monkeypatch, serve):
    """Its reader is stopped where its file grows too large, and no part of it is left."""
    monkeypatch.setattr(conda, "SOLVE_LIMITS", replace(conda.SOLVE_LIMITS, file=1 << 20))
    server = serve(tmp_path, endless=b'{"info": {}, "packages": {' + b" " * 100_000)
    depot = Depot(tmp_path / "depot")
    (depot.root / "channels").mkdir(parents=True)
    for name, age in ((".tmpold", 90_000), (".tmpnew", 0)):
        (depot.root / "channels" / name).touch()
        then = time.time() - age
        os.utime(depot.root / "channels" / name, (then, then))
    mirror = Mirrors({"conda-forge": f"{server.url}/c"})
    question = Question(asks(conda=["numpy"]), ARM, None, ("conda-forge",), mirror)
    with pytest.raises(LockError) as caught:
        conda.solve_conda(question, depot)
    assert caught.value.message == (
        f"lab.yaml:2:3: the solver of {question} was stopped, because it wrote a file of more than"
        " 1 MiB."
    )
    parts = [path.name for path in (depot.root / "channels").glob(".tmp*")]
    assert parts == [".tmpnew"]


HOSTILE = {"name": "x", "version": "1", "build": "0", "channel": 0, "subdir": "noarch",
           "file": "x-1-0.conda", "sha256": "a" * 64, "size": 1, "python": False}  # fmt: skip


@pytest.fixture
def worker(monkeypatch, tmp_path):
    """Return a function that replaces the program that has py-rattler."""

    def become(program):
        path = tmp_path / "modules" / "stand_in_worker.py"
        path.parent.mkdir()
        path.write_text(f"import os, signal, sys\nsys.stdin.read()\n{program}", encoding="utf-8")
        monkeypatch.syspath_prepend(path.parent)
        monkeypatch.setattr(conda_process, "_WORKER", path.stem)

    return become


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "exit -11"),
        ("sys.exit('thread panicked\\nout of memory')", "out of memory"),
        ("print('{\"solve\": [')", "exit 0"),
        ("print('null')", "exit 0"),
        ("print('[]')", "exit 0"),
        ("print('{}')", "exit 0"),
        ("print('{\"provides\": []}')", "exit 0"),
        ("", "exit 0"),
        (f"sys.exit('bad http://user:{CANARY}@host/')", "bad http://host/"),
    ],
)
def test_worker_without_an_answer_is_an_error(solve, asks, worker, program, said):
    """The message has the last line that a crashed worker printed."""
    worker(program)
    error = fail(solve, asks())
    assert error.message == f"The solver ended without an answer: {said}"


@pytest.mark.parametrize(
    "end", ["os.kill(os.getpid(), signal.SIGABRT)", "sys.exit(3)", "os._exit(139)"]
)
def test_worker_is_judged_by_its_answer(solve, asks, worker, end):
    """A crash after the answer, and lines before it, do not matter."""
    worker(
        "print('a warning')\n"
        'print(\'{"error": "unsolvable", "text": "nothing fits"}\', flush=True)\n' + end
    )
    assert "nothing fits" in fail(solve, asks()).message


def test_solver_without_an_answer_in_time_is_named(solve, asks, monkeypatch):
    """A solver that was stopped by its clock did not find that nothing fits."""
    monkeypatch.setattr(conda_process, "SECONDS", 1e-6)
    error = fail(solve, asks(conda=["git"]))
    assert "the solver found no answer for torch for osx-arm64-macos14 within" in error.message
    assert "ask for fewer" in error.instead


def test_what_a_solver_says_is_cut(solve, asks, worker):
    """A channel can make its explanation as long as it likes."""
    worker('print(\'{"error": "unsolvable", "text": "\' + \'x\' * 100_000 + \'"}\')')
    assert 1_500 < len(fail(solve, asks()).message) < 2_000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "../x-1-0.conda"),
        ("file", "$(x).conda"),
        ("version", "1; x"),
        ("name", "-x"),
        ("sha256", "a"),
        ("subdir", "linux-64"),
        ("size", -1),
    ],
)
def test_channel_with_hostile_values_is_an_error(  # noqa: PLR0917  # fixtures
    solve, asks, worker, store, key, value
):
    """Values that would reach a path or a shell are checked before anything is fetched."""
    worker(f"import json\nprint(json.dumps({{'solve': [{ {**HOSTILE, key: value}!r}]}}))")
    error = fail(solve, asks())
    assert "The channel conda-forge describes" in error.message
    assert "in a way that no lock can hold" in error.message
    assert error.message.isprintable()

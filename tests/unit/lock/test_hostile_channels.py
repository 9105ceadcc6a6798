"""A channel without an end, or with values of an attacker, and a solver that breaks off."""

from __future__ import annotations

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
from solving import ARM, channel, fail, make_conda_solver, numpy

from torchard.depot.depot import Depot
from torchard.lab.model import Mirrors
from torchard.lock import conda, conda_process, fetch
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question

CANARY = "canary-7d1f"


@pytest.fixture
def solve(mirrors, store):
    """Return a function that solves an environment over simlab's conda-forge."""
    return make_conda_solver(mirrors, store)


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

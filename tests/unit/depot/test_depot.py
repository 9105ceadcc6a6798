"""What the controller's depot keeps, and when it fetches a file again."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading

import platformdirs
import pytest
from fetching import BODY, SHA, SIZE, get, never, say

from torchard.depot import depot
from torchard.depot.depot import Depot, DepotError
from torchard.depot.holder import describe_holder


def test_artefact_is_fetched_once(web, store, pauses):
    """A fetched artefact is kept under its sha256 and name; the next fetch needs no server."""
    path = get(store, f"{web.url}/a.conda")
    assert path == store.root / "files" / SHA / "a.conda"
    assert path.read_bytes() == BODY
    assert store.fetch("a.conda", SHA, SIZE, never) == path
    assert Depot(store.root).fetch("a.conda", SHA, None, never) == path
    assert web.log() == [(200, SIZE)]
    assert pauses == []
    assert list((store.root / "partial").iterdir()) == []


def test_artefact_of_unknown_size_is_fetched(web, store):
    """An installer's size is not known: its sha256 alone decides."""
    assert get(store, f"{web.url}/a.conda", size=None).read_bytes() == BODY


@pytest.mark.parametrize("same_process", [True, False])
def test_poisoned_file_is_noticed_and_fetched_again(web, store, same_process):
    """A change of a file in the depot is noticed, also by the process that verified it."""
    path = get(store, f"{web.url}/a.conda")
    path.write_bytes(BODY[:-1] + b"!")
    again = store if same_process else Depot(store.root)
    assert get(again, f"{web.url}/a.conda").read_bytes() == BODY
    assert len(web.log()) == 2


@pytest.mark.parametrize("place", ["files/{}/a.conda", "partial/{}"])
@pytest.mark.parametrize("kind", ["pipe", "device", "link"])
def test_what_is_not_a_file_is_an_error(web, store, tmp_path, place, kind):
    """Nothing waits for it, and a link is not written through."""
    path, mine = store.root / place.format(SHA), tmp_path / "mine"
    path.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else mine)
    if kind == "link" and place.startswith("files"):
        assert get(store, f"{web.url}/a.conda").read_bytes() == BODY
    else:
        with pytest.raises(DepotError, match=r"it is not a file|symbolic links"):
            get(store, f"{web.url}/a.conda")
    assert mine.read_bytes() == b"mine"


def test_file_that_was_removed_is_fetched_again(web, store):
    """No path of a missing file is returned, also by the process that verified it."""
    get(store, f"{web.url}/a.conda").unlink()
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_same_bytes_under_another_name_are_another_file(web, store):
    """The path that is returned exists, although the same bytes had another name before."""
    get(store, f"{web.url}/a.conda")
    assert get(store, f"{web.url}/a.conda", file="b.conda").read_bytes() == BODY


def test_verified_file_is_hashed_once(web, store, monkeypatch):
    """Twenty Macs need a wheel: it is read once, and each gets the verified file."""
    get(store, f"{web.url}/a.conda")
    fresh = Depot(store.root)
    hashed = []
    digest = depot.compute_sha256
    monkeypatch.setattr(depot, "compute_sha256", lambda stream: hashed.append(1) or digest(stream))
    for _ in range(20):
        fresh.fetch("a.conda", SHA, SIZE, never)
    assert len(hashed) == 1


def test_memory_does_not_grow_with_the_artefact(answering, store):
    """A wheel of 64 MB is fetched in pieces; the process has a few of them in memory."""
    piece = b"\0" * (1 << 20)
    digest = hashlib.sha256()
    for _ in range(64):
        digest.update(piece)

    def answer(request):
        say(request, 200, Content_Length=64 << 20)
        for _ in range(64):
            request.wfile.write(piece)

    url, _ = answering(answer)
    program = (
        "import resource, sys; from pathlib import Path; from torchard.depot.depot import Depot\n"
        "import torchard.depot.download\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); root, url, sha = sys.argv[1:]\n"
        "Depot(Path(root)).fetch('a', sha, 64 << 20, lambda: url); print(peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, store.root, f"{url}/a", digest.hexdigest()],
        capture_output=True,
        text=True,
        check=True,
    )
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 16 << 20


def test_threads_fetch_an_artefact_once(web, store):
    """Macs that need the same artefact at the same time cause one download."""
    turns = []

    def wait(seconds):
        turns.append(seconds)
        arrived.wait(5)

    arrived = threading.Event()
    started = threading.Barrier(4)
    paths = []

    def fetch():
        own = Depot(store.root, wait)
        started.wait()
        paths.append(get(own, f"{web.url}/a.conda"))
        arrived.set()

    web.fault(slow=0.2)
    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(paths) == 4
    assert paths[0].read_bytes() == BODY
    assert web.log() == [(200, SIZE)]
    assert list((store.root / "partial").iterdir()) == []


def test_file_that_another_fetches_before_the_lock_is_kept(web, store):
    """A process that waited for the lock finds the file, and fetches nothing."""
    path = store.root / "files" / SHA / "a.conda"

    def address():
        path.parent.mkdir(parents=True)
        path.write_bytes(BODY)
        return f"{web.url}/a.conda"

    assert store.fetch("a.conda", SHA, SIZE, address) == path
    assert web.log() == []


def test_wait_for_another_download_has_an_end(web, store, pauses, monkeypatch):
    """A process that fetches no byte for some time is reported. One that fetches some is not."""
    monkeypatch.setattr(depot, "_LONGEST_WAIT", 2)
    partial = store.root / "partial" / SHA
    partial.parent.mkdir(parents=True)

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) < 60:
            partial.write_bytes(b"x" * (len(pauses) // 10))

    with store._lock("a.conda", SHA, partial), pytest.raises(DepotError) as caught:
        get(Depot(store.root, pause), f"{web.url}/a.conda")
    assert f"a.conda is being fetched by process {os.getpid()} (" in caught.value.message
    assert 60 < len(pauses) < 100
    assert web.log() == []
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_process_that_is_stopped_in_a_download_is_named(web, store, tmp_path):
    """After ten seconds, once, with its command and its start. What is verified needs no lock."""
    get(store, f"{web.url}/a.conda")
    other = hashlib.sha256(b"other").hexdigest()
    program = (
        "import sys; from pathlib import Path; from torchard.depot.depot import Depot;"
        f" lock = Depot(Path({str(store.root)!r}))._lock('b.conda', {other!r}, Path('/none'));"
        " lock.__enter__(); print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", program, "apply"]
    stopped = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pauses, said = [], []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 150:
            stopped.kill()
            stopped.wait()

    try:
        assert stopped.stdout.readline() == "held\n"
        stopped.send_signal(signal.SIGSTOP)
        waiting = Depot(store.root, pause)
        waiting.announce = said.append
        assert get(waiting, f"{web.url}/a.conda").exists()
        assert pauses == []
        (store.root / "other").write_bytes(b"other")
        url = (store.root / "other").as_uri()
        found = waiting.fetch("b.conda", other, 5, lambda: url)
        assert found.read_bytes() == b"other"
    finally:
        stopped.kill()
        stopped.communicate()
    (sentence,) = said
    assert sentence.startswith(f"waiting for b.conda: process {stopped.pid} (-c apply), since 20")
    assert sentence.endswith(" is fetching it, and no byte has come for 10 seconds")


@pytest.mark.parametrize("text", [None, "", "[1]", '["x", 1, 2]', "{", "[" * 9000])
def test_holder_that_cannot_be_read_is_another_run(tmp_path, text):
    """Its file is for people, and anything may be in it."""
    if text is not None:
        (tmp_path / "holder").write_text(text)
    assert describe_holder(tmp_path / "holder") == "another run of Torchard"


def test_processes_fetch_an_artefact_once(web, store):
    """Two runs on one controller cause one download."""
    web.fault(slow=0.5)
    program = (
        "import sys; from pathlib import Path; from torchard.depot.depot import Depot\n"
        "root, url, sha = sys.argv[1:]\n"
        "print(Depot(Path(root)).fetch('a.conda', sha, None, lambda: url))"
    )
    command = [sys.executable, "-c", program, store.root, f"{web.url}/a.conda", SHA]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {one.communicate()[0] for one in both}
    assert said == {f"{store.root}/files/{SHA}/a.conda\n"}
    assert web.log() == [(200, SIZE)]


def test_depot_that_cannot_be_written_is_an_error(web, tmp_path):
    """The message says what to do about a depot below a file."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DepotError) as caught:
        get(Depot(tmp_path / "file" / "depot"), f"{web.url}/a.conda")
    assert "cannot be kept in" in caught.value.message
    assert "TORCHARD_DEPOT" in caught.value.instead


def test_full_disk_is_an_error(web, store):
    """The message is about this computer's disk, not about the server."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from torchard.depot.depot import Depot, DepotError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "root, url, sha = sys.argv[1:]\n"
        "try: Depot(Path(root)).fetch('a.conda', sha, None, lambda: url)\n"
        "except DepotError as error: print(error)"
    )
    command = [sys.executable, "-c", program, store.root, f"{web.url}/a.conda", SHA]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "a.conda cannot be kept in" in done.stdout
    assert "File too large" in done.stdout
    assert len(web.log()) == 1
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_depot_is_in_the_cache_of_the_account(tmp_path, monkeypatch):
    """TORCHARD_DEPOT sets its folder. A depot where it used to be is still used."""
    monkeypatch.setenv("TORCHARD_DEPOT", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Depot().root == tmp_path / "elsewhere"
    monkeypatch.delenv("TORCHARD_DEPOT")
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "Caches" / name)
    assert Depot().root == tmp_path / "Caches" / "torchard" / "depot"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".cache" / "torchard" / "depot").mkdir(parents=True)
    assert Depot().root == tmp_path / ".cache" / "torchard" / "depot"


def test_only_a_download_imports_its_libraries():
    """A command that fetches nothing does not wait for the import of an HTTP client."""
    program = (
        "import sys, torchard.depot.depot, torchard.workspace.workspace\n"
        "print({'urllib3', 'urllib.request', 'filelock', 'rattler'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "set()\n"

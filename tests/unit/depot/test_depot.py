"""What the controller's depot keeps, and whom it asks again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import threading

import pytest
from fetching import BODY, SHA, SIZE, get, never, say

from torchard.depot import depot, download
from torchard.depot.depot import Depot, DepotError


def test_artefact_is_fetched_once(web, store, pauses):
    """A fetched artefact lies under its sha256 and name; the next fetch contacts nobody."""
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
def test_poisoned_file_is_noticed_and_fetched_anew(web, store, same_process):
    """A file that was changed in the depot is noticed, also by the process that verified it."""
    path = get(store, f"{web.url}/a.conda")
    path.write_bytes(BODY[:-1] + b"!")
    again = store if same_process else Depot(store.root)
    assert get(again, f"{web.url}/a.conda").read_bytes() == BODY
    assert len(web.log()) == 2


def test_file_that_was_removed_is_fetched_anew(web, store):
    """A file that is gone is not handed out, also by the process that verified it."""
    get(store, f"{web.url}/a.conda").unlink()
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_same_bytes_under_another_name_are_another_file(web, store):
    """A path that is handed out is there, whatever other name its bytes came under before."""
    get(store, f"{web.url}/a.conda")
    assert get(store, f"{web.url}/a.conda", file="b.conda").read_bytes() == BODY


def test_verified_file_is_hashed_once(web, store, monkeypatch):
    """For twenty Macs a wheel is read once, and each gets the verified file."""
    get(store, f"{web.url}/a.conda")
    fresh = Depot(store.root)
    hashed = []
    digest = depot._digest
    monkeypatch.setattr(depot, "_digest", lambda stream: hashed.append(1) or digest(stream))
    for _ in range(20):
        fresh.fetch("a.conda", SHA, SIZE, never)
    assert len(hashed) == 1


def test_memory_does_not_grow_with_the_artefact(answering, store):
    """A wheel of 64 MB passes in pieces: the process holds a few of them at a time."""
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
    """Macs that want the same artefact at the same time cost one download."""
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


def test_download_that_ends_as_another_begins_is_left_alone(web, store, monkeypatch):
    """A file that is shown between another's opening and locking it is not written again."""
    lock = fcntl.flock
    path = store.root / "files" / SHA / "a.conda"

    def late(stream, how):
        if not path.exists():
            partial = store.root / "partial" / SHA
            partial.write_bytes(BODY)
            path.parent.mkdir(parents=True)
            partial.replace(path)
        lock(stream, how)

    monkeypatch.setattr(depot.fcntl, "flock", late)
    assert get(store, f"{web.url}/a.conda") == path
    assert path.read_bytes() == BODY
    assert web.log() == []
    assert list((store.root / "partial").iterdir()) == []


def test_processes_fetch_an_artefact_once(web, store):
    """Two runs on one controller cost one download, too."""
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


def test_depot_that_cannot_be_written_is_told(web, tmp_path):
    """A depot below a file is an error with the way out."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DepotError) as caught:
        get(Depot(tmp_path / "file" / "depot"), f"{web.url}/a.conda")
    assert "cannot be kept below" in caught.value.message
    assert "TORCHARD_DEPOT" in caught.value.instead


def test_disk_that_is_full_is_told(web, store):
    """A disk that takes no more is an error of this computer, not of the server's."""
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
    assert "a.conda cannot be kept below" in done.stdout
    assert "File too large" in done.stdout
    assert len(web.log()) == 1
    assert get(store, f"{web.url}/a.conda").read_bytes() == BODY


def test_depot_lies_where_it_is_told(tmp_path, monkeypatch):
    """TORCHARD_DEPOT names the depot; without it, it is in the person's own cache."""
    monkeypatch.setenv("TORCHARD_DEPOT", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Depot().root == tmp_path / "elsewhere"
    monkeypatch.delenv("TORCHARD_DEPOT")
    assert Depot().root == tmp_path / ".cache" / "torchard" / "depot"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_loaded_for_what_is_there_already():
    """The HTTP client is loaded by those who download, and by nobody else."""
    program = "import sys, torchard.depot.depot; print('urllib.request' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "False\n"
    assert download.__name__ in sys.modules

"""An upload is complete under its name, or absent; a failure concerns its host alone."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import gevent
import pytest
from paramiko import SSHClient
from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all, disconnect_all
from pyinfra.context import ctx_host, ctx_state

from torchard.errors import TorchardError
from torchard.lab.model import MacHost
from torchard.lock.lockfile import Wheel
from torchard.mac.state import MacState
from torchard.operations import report
from torchard.operations.controller import find_controller
from torchard.operations.incoming import PARTS
from torchard.operations.upload import _continue_part, upload_files
from torchard.remote.archive import Archive
from torchard.remote.client import Client
from torchard.remote.shell_upload import take_archive


@pytest.fixture(scope="module")
def pyinfra_state():
    """A session of pyinfra's with this host."""
    state = State(Inventory((["@local"], {})), Config())
    connect_all(state)
    yield state
    disconnect_all(state)


@pytest.fixture
def host(pyinfra_state):
    """This host as an object of pyinfra."""
    (host,) = pyinfra_state.inventory
    with ctx_state.use(pyinfra_state), ctx_host.use(host):
        yield host
    host.connector_data.pop(report.FAILURE, None)


class Pushed:
    """Three wheels in a folder, and a Mac's depot to upload them to."""

    def __init__(self, tmp_path):
        self.files = tmp_path / "files"
        self.files.mkdir()
        self.wheels = [self.wheel(name, f"{name} content".encode()) for name in "abc"]
        home = tmp_path / "a 'home"
        self.state = MacState(
            arch="arm64",
            translated=False,
            macos="15.1",
            home=str(home),
            user="ada",
            free=0,
            prefix=f"{home}/miniconda3",
            prefix_state="whole",
        )
        self.incoming = home / ".torchard" / "depot" / "incoming"
        self.incoming.mkdir(parents=True)

    def wheel(self, name: str, content: bytes) -> Wheel:
        (self.files / name).write_bytes(content)
        return Wheel(name, "1", name, hashlib.sha256(content).hexdigest(), len(content))

    def expect(self, _wheels):
        """Show no progress."""

    abandon = expect

    def locate(self, wheel: Wheel):
        return self.files / wheel.file

    def fetch(self, wheel: Wheel, *_):
        return self.locate(wheel)

    def arrived(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.incoming.iterdir()}

    def whole(self, *names: str) -> dict[str, bytes]:
        chosen = [one for one in self.wheels if one.file in names]
        return {one.sha256: (self.files / one.file).read_bytes() for one in chosen}


@pytest.fixture
def pushed(tmp_path):
    """Files to upload, and their directory."""
    return Pushed(tmp_path)


def push(host, pushed, fetch=None, text=None, depot=(), *, connection="local"):
    """Run the operation's command."""
    state = MacState(**{**vars(pushed.state), "depot": dict(depot)})
    if fetch is not None:
        pushed.fetch = fetch
    command = upload_files(
        MacHost("this-mac", connection=connection),
        state,
        pushed,
        pushed.wheels,
        text=text,
        text_path=f"{pushed.incoming}/kit",
    )
    return command.function(host.state, host, *command.args, **command.kwargs)


def test_files_arrive_under_their_sha256(host, pushed):
    """Each artefact, and the text from memory, has its own name after the upload, and no other."""
    assert push(host, pushed, text=b"kit") is True
    assert pushed.arrived() == {**pushed.whole("a", "b", "c"), "kit": b"kit"}


def test_files_that_the_mac_has_are_not_sent(host, pushed):
    """A file of the right size is skipped; a shorter, partial one is sent again."""
    first, second, _ = pushed.wheels
    depot = {first.sha256: first.size, second.sha256: second.size - 1}
    assert push(host, pushed, depot=depot) is True
    assert pushed.arrived() == pushed.whole("b", "c")


def test_an_upload_that_breaks_off_leaves_no_partial_file_under_a_name(host, pushed, monkeypatch):
    """A connection lost within a file is reported, and the partial file gets no sha256 name."""
    real = host.put_file

    def put_file(source, target, **_):
        real(source, target)
        if not (pushed.files / "b").samefile(source):
            return True
        raise EOFError("the line went dead")

    def run_shell_command(_command, **_):
        raise EOFError("the line went dead")

    monkeypatch.setattr(host, "put_file", put_file)
    monkeypatch.setattr(host, "run_shell_command", run_shell_command)
    assert push(host, pushed) is False
    reason = host.connector_data[report.FAILURE]
    assert reason == "the connection was lost while pushing: the line went dead"
    token = find_controller(host.name).token
    assert all(name.endswith(f".{token}") for name in pushed.arrived())


def test_complete_files_get_their_names_in_batches(host, pushed, monkeypatch):
    """Files that arrived before a failure are not sent again."""
    monkeypatch.setattr("torchard.operations.upload._BATCH_BYTES", 1)

    def fetch(wheel, *_):
        if wheel.file == "c":
            raise TorchardError("c cannot be had.", "Do something.")
        return pushed.locate(wheel)

    assert push(host, pushed, fetch) is False
    assert host.connector_data[report.FAILURE] == "c cannot be had.\n  Do something."
    assert pushed.arrived() == pushed.whole("a", "b")


def test_a_depot_that_cannot_be_written_fails_the_mac(host, pushed):
    """If the Mac accepts no file, the operation fails, and nothing is raised."""
    pushed.incoming.rmdir()
    assert push(host, pushed) is False
    assert "a could not be written to the Mac: " in host.connector_data[report.FAILURE]


def test_a_partial_file_is_removed_if_the_connection_lives(host, pushed, monkeypatch):
    """It would fill a full disk; complete files stay."""
    real = host.put_file

    def put_file(source, target, **_):
        real(source, target)
        if not (pushed.files / "b").samefile(source):
            return True
        raise OSError("Failure")

    monkeypatch.setattr(host, "put_file", put_file)
    assert push(host, pushed) is False
    assert host.connector_data[report.FAILURE] == "b could not be written to the Mac: Failure"
    assert pushed.arrived() == pushed.whole("a")


def test_a_run_has_one_token_for_each_mac():
    """`who` is `user@host`. One Mac under two names of a lab has two tokens."""
    first, second = find_controller("one"), find_controller("two")
    assert first == find_controller("one")
    assert first.who == second.who
    assert first.who.count("@") >= 1
    assert first.token != second.token
    assert first.token.rpartition("-")[0] == second.token.rpartition("-")[0]


def test_a_failure_has_no_escape_sequences(host, pyinfra_state, caplog, monkeypatch):
    """A Mac's message may contain escape sequences: pyinfra's log gets them as text."""
    monkeypatch.setattr(report.logger, "propagate", True)
    assert report.record_failure(pyinfra_state, host, "a link to \x1b]0;x\x07y\n  Go.") is False
    (record,) = caplog.records
    assert "a link to \\x1b]0;x\\x07y\n  Go." in record.getMessage()
    assert "\x07" not in record.getMessage()


def continued(host, pushed, sent):
    """Return at which byte an upload of a wheel goes on, after an earlier run has sent some."""
    wheel = pushed.wheel("large", b"right bytes" * 200_000)
    part, target = pushed.incoming / f"{wheel.sha256}.old", pushed.incoming / f"{wheel.sha256}.new"
    part.write_bytes(sent)
    host.connector_data[PARTS] = {wheel.sha256: (part.name, len(sent))}
    path = pushed.locate(wheel)
    begin = _continue_part(host, MacHost("m"), pushed.state, path, str(target), wheel.sha256)
    assert host.connector_data.pop(PARTS) == {}
    return begin


def test_the_rest_of_a_file_is_sent_if_the_mac_has_the_right_beginning(host, pushed):
    """Otherwise all of it is sent, as if nothing were there."""
    assert continued(host, pushed, b"right bytes" * 100_000) == 1_100_000
    assert continued(host, pushed, b"wrong bytes" * 100_000) == 0
    assert continued(host, pushed, b"right bytes" * 200_000) == 0


@pytest.fixture
def sent(host, pushed, monkeypatch):
    """What is sent to a Mac over SSH, which is this computer: each file, or a list of files."""
    found = []

    def put_file(file, target, **_):
        if isinstance(file, Archive):
            found.append([path.name for path, _ in file.files])
            words = ["/bin/sh", "-c", take_archive(target)]
            done = subprocess.run(words, input=b"".join(file.read_pieces()), check=False)
            return done.returncode == 0
        found.append(Path(file.name).name)
        Path(target).write_bytes(file.read())
        return True

    monkeypatch.setattr(host, "put_file", put_file)
    monkeypatch.setattr(host.connector, "client", Client(), raising=False)
    return found


def test_small_files_are_one_archive_and_a_large_one_goes_alone(host, pushed, sent, monkeypatch):
    """All of them have their own names in the end."""
    monkeypatch.setattr("torchard.operations.upload.LARGE", 100)
    pushed.wheels.insert(2, pushed.wheel("large", b"large" * 100))
    pushed.wheels.append(pushed.wheel("d", b"d content"))
    assert push(host, pushed, connection="ssh") is True
    assert sent == [["a", "b"], "large", ["c", "d"]]
    assert pushed.arrived() == pushed.whole("a", "b", "c", "d", "large")


def test_a_connection_of_pyinfras_own_gets_each_file_alone(host, pushed, sent, monkeypatch):
    """Another person's deploy may have connected before Torchard's client was installed."""
    monkeypatch.setattr(host.connector, "client", SSHClient())
    assert push(host, pushed, connection="ssh") is True
    assert sent == ["a", "b", "c"]
    assert pushed.arrived() == pushed.whole("a", "b", "c")


def test_an_archive_has_a_bound(host, pushed, sent, monkeypatch):
    """A lost connection costs no more than one of them."""
    monkeypatch.setattr("torchard.operations.upload._BATCH_FILES", 2)
    assert push(host, pushed, connection="ssh") is True
    assert sent == [["a", "b"], "c"]
    assert pushed.arrived() == pushed.whole("a", "b", "c")


def test_what_an_earlier_run_has_begun_goes_alone(host, pushed, sent):
    """Only its rest is sent."""
    begun = pushed.wheels[1]
    (pushed.incoming / f"{begun.sha256}.old").write_bytes(b"b con")
    host.connector_data[PARTS] = {begun.sha256: (f"{begun.sha256}.old", 5)}
    assert push(host, pushed, connection="ssh") is True
    assert sent == ["a", "b", "c"]


def test_an_archive_that_does_not_arrive_leaves_no_part(host, pushed, sent, monkeypatch):
    """Its parts would need the room of the next attempt."""
    incoming = pushed.incoming

    def send_half(_archive, _target, **_):
        (incoming / f"{pushed.wheels[0].sha256}.{find_controller(host.name).token}").touch()
        raise OSError("Write failed")

    monkeypatch.setattr(host, "put_file", send_half)
    assert push(host, pushed, connection="ssh") is False
    assert host.connector_data[report.FAILURE] == (
        "an archive of 3 files could not be written to the Mac: Write failed"
    )
    assert pushed.arrived() == {}


def test_what_is_fetched_is_sent_while_the_rest_is_fetched(host, pushed, sent, monkeypatch):
    """The other files are not there before the first one has been sent."""
    monkeypatch.setattr("torchard.operations.upload._BATCH_FILES", 1)
    missing = []

    def fetch(wheel, *_):
        for _ in range(0 if wheel.file == "a" else 2000):
            if sent:
                break
            gevent.sleep(0.001)
        missing.extend([] if sent or wheel.file == "a" else [wheel.file])
        return pushed.locate(wheel)

    assert push(host, pushed, fetch, connection="ssh") is True
    assert (sent, missing) == (["a", "b", "c"], [])
    assert pushed.arrived() == pushed.whole("a", "b", "c")

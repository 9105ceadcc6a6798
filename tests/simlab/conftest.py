"""A lab that is up, with a depot of a few bytes, and clients for it."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

from simlab import macs
from simlab.lab import SimLab
from simlab.spec import default_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from asyncssh import SSHClientConnection, SSHCompletedProcess

    from simlab.lab import SimMac

    Connect = Callable[..., Any]  # asyncssh gives a context manager that is awaitable, too


@pytest.fixture(scope="session")
def stub_depot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a depot with two installers that install nothing, and a page of an index."""
    root = tmp_path_factory.mktemp("stub-depot")
    (root / "digits").write_bytes(b"0123456789")
    (root / "simple" / "einops").mkdir(parents=True)
    (root / "simple" / "einops" / "index.html").write_text("<a href='x'>x</a>", encoding="utf-8")
    (root / "installers").mkdir()
    installers = {}
    for arch in ("arm64", "x86_64"):
        installers[arch] = [f"Stub-{arch}.sh", "0" * 64]
        (root / "installers" / f"Stub-{arch}.sh").write_text(f"echo {arch}\n", encoding="utf-8")
    described = {"installers": installers, "pip": ["einops"]}
    (root / "depot.json").write_text(json.dumps(described), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The roots of five Macs that no server serves, by name."""
    return macs.build(tmp_path_factory.mktemp("macs"), default_spec(5))


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory, stub_depot: Path) -> Iterator[SimLab]:
    with SimLab(tmp_path_factory.mktemp("up") / "lab", 5, depot=stub_depot) as lab:
        yield lab


@pytest.fixture
def lab(_running: SimLab) -> Iterator[SimLab]:
    """A lab of five Macs that is up; its depot's faults end with the test."""
    yield _running
    _running.clear_web_faults()


@pytest.fixture
def mac(lab: SimLab) -> Iterator[SimMac]:
    """An arm64 Mac of the lab; its fault ends with the test."""
    mac = lab.macs["studio-01"]
    yield mac
    mac.set(fault=None)


@pytest.fixture(scope="session")
def enter() -> Connect:
    """Return what opens an asyncssh connection to a lab's Mac, with its key and known hosts."""

    def enter(lab: SimLab, mac: SimMac, **options: Any) -> Any:
        options = {
            "username": "anybody",
            "client_keys": [str(lab.directory / "id_ed25519")],
            "known_hosts": str(lab.directory / "known_hosts"),
            "config": None,
            "agent_path": None,
            **options,
        }
        return asyncssh.connect("127.0.0.1", mac.port, **options)

    return enter


@pytest.fixture
def connect(lab: SimLab, enter: Connect) -> Connect:
    """Return what opens a connection to a Mac of the shared lab."""
    return partial(enter, lab)


@pytest.fixture
def ssh(connect: Connect) -> Callable[..., SSHCompletedProcess]:
    """Return what runs one command on a Mac over a connection of its own."""

    def ssh(mac: SimMac, command: str, **options: Any) -> SSHCompletedProcess:
        async def run() -> SSHCompletedProcess:
            connection: SSHClientConnection
            async with connect(mac) as connection:
                return await connection.run(command, **options)

        return asyncio.run(run())

    return ssh

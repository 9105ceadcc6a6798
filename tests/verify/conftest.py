"""`pytest tests/verify --lab LAB`: look at a lab's Macs, simulated or real, with testinfra.

The Macs are reached as Torchard reaches them: the same keys, known hosts and jump hosts.
Nothing is changed on them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import testinfra.host
from gevent import monkey
from testinfra.backend.local import LocalBackend
from testinfra.backend.paramiko import ParamikoBackend

from torchard.lab.load import load_lab
from torchard.workspace.workspace import open_workspace


def pytest_addoption(parser):
    parser.addoption("--lab", type=Path, help="the lab file whose Macs are looked at")


def pytest_configure(config):
    """Load the session early where it is needed: it patches the standard library."""
    if config.getoption("--lab", None) is not None:
        # tests/conftest.py spares threads, but these connections need them patched.
        monkey.patch_all = getattr(monkey.patch_all, "func", monkey.patch_all)
        import torchard.session.session  # noqa: F401, PLC0415


def pytest_ignore_collect(config):
    """Collect nothing where no lab is named: there is nothing to look at."""
    return True if config.getoption("--lab", None) is None else None


def pytest_generate_tests(metafunc):
    lab = load_lab(metafunc.config.getoption("--lab"))
    if "environment" in metafunc.fixturenames:
        pairs = [(mac.name, name) for mac in lab.macs.values() for name in mac.environments]
        ids = [f"{mac}/{name}" for mac, name in pairs]
        metafunc.parametrize(("mac", "environment"), pairs, ids=ids, indirect=True, scope="session")
    elif "mac" in metafunc.fixturenames:
        metafunc.parametrize("mac", list(lab.macs), indirect=True, scope="session")


@pytest.fixture(scope="session")
def session(request):
    """The connections to every Mac of the lab."""
    from torchard.session.session import Session  # noqa: PLC0415

    workspace = open_workspace(request.config.getoption("--lab"), locked=True)
    with Session(workspace, tuple(workspace.lab.macs.values())) as session:
        yield session


@pytest.fixture(scope="session")
def mac(request, session):
    """One Mac as Torchard read it, with its locks. An unreachable one fails with the reason."""
    if request.param in session.reasons:
        pytest.fail(f"{request.param}: {session.reasons[request.param]}", pytrace=False)
    return Reached(request.param, session)


@pytest.fixture(scope="session")
def environment(request, mac):
    """The lock of one environment for this Mac."""
    return mac.locks[request.param]


@pytest.fixture(scope="session")
def host(mac):
    """The Mac as testinfra's host, over the connection that is open."""
    return testinfra.host.Host(mac.backend)


class Reached:
    def __init__(self, name, session):
        self.state = session.states[name]
        described = session.workspace.lab.macs[name]
        self.locks = session.workspace.find_target(described, self.state).locks
        self.frozen = described.frozen
        if described.connection == "local":
            self.backend = LocalBackend()
        else:
            self.backend = OpenConnection(name, session.hosts[name].connector.client)

    def link(self, lock):
        """Return where an environment is shown."""
        return f"{self.state.prefix}/envs/{lock.environment}"


class OpenConnection(ParamikoBackend):
    """testinfra's paramiko backend over a connection whose host key was verified."""

    def __init__(self, name, client):
        super().__init__(name)
        self.client = client

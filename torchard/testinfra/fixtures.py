"""The fixtures of `pytest --torchard-lab LAB`: each Mac, each environment, and testinfra's host."""

from __future__ import annotations

import json
import subprocess
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
import testinfra.host

from torchard import programs
from torchard.errors import TorchardError
from torchard.mac import probe
from torchard.remote.quoting import as_whole_command
from torchard.workspace.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from torchard.lab.model import Lab, MacHost
    from torchard.lock.lockfile import Lock
    from torchard.plan.target import Target
    from torchard.workspace.workspace import Workspace

LAB = pytest.StashKey["Lab"]()
_CONNECTIONS = "torchard.testinfra.connections"


class LabMac:
    """One Mac of the lab: its settings in the lab, its state, its target and testinfra's host."""

    def __init__(self, settings: MacHost, host: Any, workspace: Workspace) -> None:
        """Read the Mac. Raise TorchardError if it is unreachable or its answer is not a state."""
        self.settings, self.host, self._workspace = settings, host, workspace
        try:
            place = settings.miniconda.prefix, settings.miniconda.root
            script = probe.build_script(*place, has_kernels=settings.has_kernels)
            done = host.run(as_whole_command(script))
        except RuntimeError as error:  # ssh's own exit status
            raise TorchardError(error.args[0].stderr.strip()) from None
        self.state = probe.parse(done.stdout.splitlines())

    @cached_property
    def target(self) -> Target:
        """What the lab wants of this Mac. Raise TorchardError if a lock is missing."""
        return self._workspace.find_target(self.settings, self.state)

    def find_link(self, lock: Lock) -> str:
        """Return the path of an environment's link."""
        return f"{self.state.prefix}/envs/{lock.environment}"


class Connections:
    """How testinfra reaches the Macs of a lab; the files are there until `close`."""

    def __init__(self, lab: Lab) -> None:
        """Raise TorchardError if the lab's ssh_config needs the operator's permission."""
        self._child = subprocess.Popen(
            programs.module_words(_CONNECTIONS, str(lab.path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            self.close()
            raise TorchardError(f"`python -m {_CONNECTIONS}` ended without an answer")
        self._answer = json.loads(line)
        if "error" in self._answer:
            self.close()
            raise TorchardError(self._answer["error"])

    def get_host(self, mac: MacHost) -> Any:
        """Return testinfra's host for a Mac. Raise TorchardError with the reason if none is."""
        if mac.connection == "local":
            return testinfra.host.get_host("local://")
        if mac.name in self._answer["reasons"]:
            raise TorchardError(self._answer["reasons"][mac.name])
        # A connection that ssh shares would stay open after the last test.
        options = urlencode({"ssh_config": self._answer["macs"][mac.name], "controlpersist": 0})
        return testinfra.host.get_host(f"ssh://{mac.name}?{options}")

    def close(self) -> None:
        """Remove the files."""
        self._child.communicate()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for each Mac, or for each environment of each Mac, that it asks for."""
    macs = metafunc.config.stash[LAB].macs
    if "environment" in metafunc.fixturenames:
        pairs = [(mac.name, name) for mac in macs.values() for name in mac.environments]
        ids = [f"{mac}/{name}" for mac, name in pairs]
        metafunc.parametrize(("mac", "environment"), pairs, ids=ids, indirect=True, scope="session")
    elif "mac" in metafunc.fixturenames:
        metafunc.parametrize("mac", list(macs), indirect=True, scope="session")


@pytest.fixture(scope="session")
def connections(request: pytest.FixtureRequest) -> Iterator[Connections]:
    """Return the ways to all Macs."""
    try:
        connections = Connections(request.config.stash[LAB])
    except TorchardError as error:
        pytest.fail(str(error), pytrace=False)
    yield connections
    connections.close()


@pytest.fixture(scope="session")
def workspace(request: pytest.FixtureRequest) -> Workspace:
    """Return the lab with its lock files, which are only read."""
    return open_workspace(request.config.stash[LAB].path, locked=True)


@pytest.fixture(scope="session")
def mac(request: pytest.FixtureRequest, connections: Connections, workspace: Workspace) -> LabMac:
    """Return one Mac. A test fails with the reason if the Mac is unreachable."""
    settings = request.config.stash[LAB].macs[request.param]
    try:
        return LabMac(settings, connections.get_host(settings), workspace)
    except TorchardError as error:
        pytest.fail(f"{settings.name}: {error}", pytrace=False)


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest, mac: LabMac) -> Lock:
    """Return the lock of one environment for this Mac."""
    try:
        return mac.target.locks[request.param]
    except TorchardError as error:
        pytest.fail(f"{mac.settings.name}: {error}", pytrace=False)
    except KeyError:
        reason = "; ".join(mac.target.blockers)
        pytest.fail(f"{mac.settings.name}: {reason}", pytrace=False)


@pytest.fixture(scope="session")
def host(mac: LabMac) -> Any:
    """Return testinfra's host for this Mac."""
    return mac.host

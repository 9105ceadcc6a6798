from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import profiles
import pytest
import signals
from fixed_catalog import use_fixed_catalog
from gevent import monkey
from progress_events import split_events
from warm import client, command_process, lab_process

from simlab import depot
from simlab.lab import SimLab
from simlab.write_lab import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simlab.depot import Depot
    from simlab.spec import MacSpec

ROOT = Path(__file__).parents[1]
# Else every program that a test starts compiles Torchard again, and pytest its assertions.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
profiles.register()
use_fixed_catalog()
# Importing torchard.session patches the standard library for gevent. A test's own process stays as
# it is: half of its threads and queues would be real ones by then, and wait for each other.
monkey.patch_all = lambda **_: None
SimLab.launch = lab_process.LabProcess  # type: ignore[assignment]  # it has what SimLab uses


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --renew, which writes the expected output of tests/stories and tests/unit/render."""
    parser.addoption(
        "--renew",
        action="store_true",
        help="write the output of the tests that run as the expected one; then read the diff",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Restore ignored signals where the tests run: here, or in each worker of xdist."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        signals.restore()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell at how many places each test cut its simulated Macs off, where one did."""
    told = {
        report.nodeid: dict(report.user_properties)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "teardown"
    }
    cut = {name: one for name, one in sorted(told.items()) if one.get("places")}
    if not cut:
        return
    terminalreporter.section("places that simulated Macs were cut off at")
    for name, one in cut.items():
        line = f"{one['places']} places, {one['runs afterwards']} runs afterwards: {name}"
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"{sum(one['places'] for one in cut.values())} places in all")


@pytest.fixture(scope="session")
def simlab_depot(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Depot:
    """What simulated Macs install. All workers and the next runs share it; no test changes it.

    A change of simlab, of this python or of its pip builds it again: see `simlab.depot`.
    """
    if pytestconfig.pluginmanager.hasplugin("cacheprovider"):
        folder = pytestconfig.cache.mkdir("simlab-depot")
    else:
        folder = tmp_path_factory.mktemp("simlab-depot")
    # By its digest: a process that finds another one must not replace a depot that is in use.
    built = depot.build(folder / depot.find_digest()[:16])
    Served(built.root, built.installers).save()
    return built


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The controller's depot of a run, so that none writes into a person's own, nor its state."""
    path = tmp_path_factory.mktemp("artefacts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHARD_DEPOT", str(path))
        patch.setenv("XDG_STATE_HOME", str(path.with_name("state")))
        yield path


@pytest.fixture
def start(tmp_path: Path, simlab_depot: Depot, artefacts: Path) -> Iterator[Callable[..., SimLab]]:
    """Start simulated Macs: `start(2)`, or `start([MacSpec(…), …])`; they end with the test."""
    labs: list[SimLab] = []

    def begin(spec: int | list[MacSpec] = 1, directory: Path | None = None) -> SimLab:
        lab = SimLab(directory or tmp_path / f"lab{len(labs)}", spec, simlab_depot.root)
        labs.append(lab)
        lab.start()
        return lab

    yield begin
    for lab in labs:
        lab.stop()


@pytest.fixture(scope="session")
def warm() -> Path:
    """The socket of a server that runs the command with its modules imported: see tests/warm."""
    return Path(command_process.start_server())


class Run(subprocess.CompletedProcess[str]):
    """A run of the command. The events of its progress are in `events`, and not in `stderr`."""

    events: list[str]


@pytest.fixture(scope="session")
def torchard(artefacts: Path, warm: Path) -> Callable[..., Run]:
    """The `torchard` command: `torchard("plan", lab.lab_file)`."""

    def run(*arguments: str | Path, stdin: str = "", **environment: str) -> Run:
        """Run the command as a person would; return what it printed and its exit code."""
        words = [*map(str, arguments)]
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as errors:  # fmt: skip
            given.write(stdin.encode())
            given.seek(0)
            code = client.run(
                str(warm),
                words,
                environment={**os.environ, **environment},
                directory=str(Path.cwd()),
                files=(given.fileno(), out.fileno(), errors.fileno()),
                timeout=240,
            )
            texts = []
            for file in (out, errors):
                file.seek(0)
                texts.append(file.read().decode().replace("\r\n", "\n"))
        done = Run(words, code, *texts)
        done.stderr, done.events = split_events(done.stderr)
        return done

    return run


def look(lab: Path) -> subprocess.CompletedProcess[str]:
    """Run `pytest --torchard-lab LAB` as a person would."""
    options = ["-q", "-p", "no:cacheprovider", "--torchard-lab", str(lab)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="session")
def testinfra(artefacts: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The look of testinfra at a lab: `testinfra(lab.lab_file)`."""
    return look

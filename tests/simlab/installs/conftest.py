from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from simlab import macs
from simlab.spec import MacSpec

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simlab.depot import Depot


@dataclass(frozen=True)
class SimulatedMac:
    """A simulated Mac, and the depot that it installs from."""

    root: Path
    depot: Depot
    arch: str

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def prefix(self) -> Path:
        return self.home / "miniconda3"

    @property
    def channel(self) -> str:
        return f"--override-channels -c {self.depot.channel.as_uri()}"

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return macs.run(self.root, command)

    def conda(self, command: str) -> subprocess.CompletedProcess[str]:
        return self.run(f"{self.prefix}/bin/conda {command}")

    def fetch_installer(self, arch: str = "") -> str:
        installer = self.depot.installer(arch or self.arch)
        shutil.copy(installer, self.home)
        return installer.name

    def install(self, arch: str = "") -> subprocess.CompletedProcess[str]:
        return self.run(f"/bin/bash {self.fetch_installer(arch)} -b -p {self.prefix}")


@pytest.fixture
def make_mac(tmp_path: Path, simlab_depot: Depot) -> Callable[..., SimulatedMac]:
    """Make a Mac with nothing installed: `make_mac("x86_64", "12.7")`."""

    def make(arch: str = "arm64", macos: str = "15.1", **more: Any) -> SimulatedMac:
        name = f"mac-{len(list(tmp_path.glob('*/macs/*'))) + 1}"
        spec = MacSpec(name, arch, macos, **more)
        return SimulatedMac(macs.build(tmp_path / "lab", [spec])[name], simlab_depot, arch)

    return make


@pytest.fixture(scope="session")
def arm_mac(tmp_path_factory: pytest.TempPathFactory, simlab_depot: Depot) -> SimulatedMac:
    """An arm64 Mac on macOS 15.1 with Miniconda; each test makes environments of its own on it."""
    return _with_miniconda(tmp_path_factory.mktemp("arm"), simlab_depot, "arm64", "15.1")


@pytest.fixture(scope="session")
def intel_mac(tmp_path_factory: pytest.TempPathFactory, simlab_depot: Depot) -> SimulatedMac:
    """An Intel Mac on macOS 12.7 with Miniconda; each test makes environments of its own on it."""
    return _with_miniconda(tmp_path_factory.mktemp("intel"), simlab_depot, "x86_64", "12.7")


def _with_miniconda(directory: Path, depot: Depot, arch: str, macos: str) -> SimulatedMac:
    spec = MacSpec("mac-1", arch, macos)
    mac = SimulatedMac(macs.build(directory, [spec])["mac-1"], depot, arch)
    done = mac.install()
    assert done.returncode == 0, done.stderr
    return mac


@pytest.fixture(scope="session")
def served(simlab_depot: Depot) -> Iterator[str]:
    """The URL of the channel on a web server."""
    handler = partial(QuietHandler, directory=simlab_depot.channel)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def archive(simlab_depot: Depot) -> Callable[..., Path]:
    """Return what finds a package's archive: `archive("xz-5.8.1")`, for arm64 unless said."""

    def archive(stem: str, subdir: str = "osx-arm64") -> Path:
        (found,) = (simlab_depot.channel / subdir).glob(f"{stem}-*")
        return found

    return archive


@pytest.fixture
def explicit(tmp_path: Path, archive: Callable[..., Path]) -> Callable[..., Path]:
    """Return what writes an explicit file of packages, and gives its path."""

    def explicit(*stems: str, lines: tuple[str, ...] = ()) -> Path:
        file = tmp_path / "explicit.txt"
        urls = [archive(stem).as_uri() for stem in stems]
        file.write_text("\n".join(["@EXPLICIT", *urls, *lines, ""]), encoding="utf-8")
        return file

    return explicit


@pytest.fixture(scope="session")
def env(arm_mac: SimulatedMac) -> Path:
    """An environment with xz that nothing changes: its prefix."""
    assert arm_mac.conda(f"create -y -q -n kept {arm_mac.channel} xz=5.8.1").returncode == 0
    return arm_mac.prefix / "envs/kept"

"""Labs for what goes wrong: an up-to-date Mac that is restored after each test, and a fresh one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from faultlab import Settled, variant

from simlab.lab import SimLab
from simlab.spec import MacSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

    from simlab.depot import Depot


@pytest.fixture(scope="session")
def settled_once(
    tmp_path_factory: pytest.TempPathFactory,
    simlab_depot: Depot,
    torchard: Callable[..., CompletedProcess[str]],
) -> Iterator[Settled]:
    directory = tmp_path_factory.mktemp("settled") / "lab"
    with SimLab(directory, [MacSpec("studio-01", "arm64", "15.1")], simlab_depot.root) as lab:
        done = torchard("apply", lab.lab_file, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        update = variant(
            lab,
            directory.parent / "update/lab.yaml",
            ('pip: ["einops"]', 'pip: ["einops", "pytz"]\n    conda: [rhash]'),
        )
        done = torchard("lock", update)
        assert done.returncode == 0, done.stdout + done.stderr
        (mac,) = lab.macs.values()
        kept = directory.parent / "home"
        shutil.copytree(mac.home, kept, symlinks=True)
        yield Settled(lab, mac, update, kept, lab.snapshot())


@pytest.fixture
def settled(settled_once: Settled) -> Iterator[Settled]:
    """An up-to-date Mac for a test that changes it. It is restored afterwards."""
    yield settled_once
    settled_once.mac.set(fault=None, mps=True, macos="15.1")
    settled_once.lab.clear_web_faults()
    settled_once.put_back()


@pytest.fixture(scope="session")
def fresh(
    tmp_path_factory: pytest.TempPathFactory,
    simlab_depot: Depot,
    torchard: Callable[..., CompletedProcess[str]],
) -> Iterator[SimLab]:
    """A Mac that nobody has touched, and that no test changes."""
    macs = [MacSpec("studio-01", "arm64", "15.1")]
    with SimLab(tmp_path_factory.mktemp("fresh") / "lab", macs, simlab_depot.root) as lab:
        assert torchard("lock", lab.lab_file).returncode == 0
        yield lab

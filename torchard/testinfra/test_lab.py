"""What must hold on every Mac of a lab after an apply, looked at without Torchard's own plan."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from torchard.operations.read_scripts import verify_environment
from torchard.remote.quoting import as_whole_command

if TYPE_CHECKING:
    from typing import Any

    from torchard.lock.lockfile import Lock
    from torchard.testinfra.fixtures import LabMac


def answer(host: Any, command: str, *args: str) -> str:
    """Return what a command prints on a Mac; it must succeed."""
    done = host.run(command, *args)
    assert done.rc == 0, done.stderr
    printed: str = done.stdout.strip()
    return printed


def test_the_prefix_holds_a_whole_conda(mac: LabMac, host: Any) -> None:
    """The prefix has conda's own mark of a finished install, and its conda runs."""
    assert host.file(f"{mac.state.prefix}/conda-meta/history").contains("^# update specs:")
    assert not host.file(f"{mac.state.prefix}/install_tmp").exists
    assert re.fullmatch(r"conda [0-9.]+", answer(host, "%s/bin/conda --version", mac.state.prefix))


def test_the_link_leads_to_a_stamped_generation(mac: LabMac, host: Any, environment: Lock) -> None:
    """An environment is an absolute link to a generation whose stamp says that it was verified."""
    generation = answer(host, "readlink %s", mac.find_link(environment))
    assert generation.startswith(f"{mac.state.root}/generations/{environment.environment}-")
    stamp = json.loads(host.file(f"{generation}/.torchard.json").content_string)
    assert stamp["lock"] == environment.digest
    assert stamp["verification"]["machine"] == mac.state.arch


def test_the_python_is_native(mac: LabMac, host: Any, environment: Lock) -> None:
    """The environment's python runs as the hardware's arch and has the locked version."""
    native = "arch -arm64 " if mac.state.translated else ""
    code = "import platform as p; print(p.machine(), p.python_version())"
    found = answer(host, native + "%s/bin/python -I -c %s", mac.find_link(environment), code)
    locked = next(one.version for one in environment.conda if one.name == "python")
    assert found == f"{mac.state.arch} {locked}"


def test_conda_sees_the_locked_packages(mac: LabMac, host: Any, environment: Lock) -> None:
    """`conda list` names exactly the locked conda packages, versions and builds."""
    listed = answer(
        host, "%s/bin/conda list --json -p %s", mac.state.prefix, mac.find_link(environment)
    )
    found = {
        (one["name"], one["version"], one["build_string"])
        for one in json.loads(listed)
        if one["channel"] != "pypi"
    }
    assert found == {(one.name, one.version, one.build) for one in environment.conda}


def test_conda_leaves_alone_what_the_lab_freezes(mac: LabMac, host: Any, environment: Lock) -> None:
    """The mark of a frozen environment is there where the lab says so, and nowhere else."""
    mark = host.file(f"{mac.find_link(environment)}/conda-meta/frozen")
    assert mark.exists is mac.settings.frozen
    if mac.settings.frozen:
        assert "Torchard" in json.loads(mark.content_string)["message"]


def test_pip_sees_the_locked_wheels(mac: LabMac, host: Any, environment: Lock) -> None:
    """The environment's own pip names exactly the locked wheels beside conda's distributions."""
    listed = answer(
        host,
        "%s/bin/python -I -m pip list --format json --disable-pip-version-check",
        mac.find_link(environment),
    )
    found = {canonicalize_name(one["name"]): Version(one["version"]) for one in json.loads(listed)}
    locked: dict[str, Version] = {
        canonicalize_name(name): Version(version)
        for one in environment.conda
        for name, version in one.provides
    }
    locked.update((one.name, Version(one.version)) for one in environment.wheels)
    assert found == locked


def test_the_verification_passes(mac: LabMac, host: Any, environment: Lock) -> None:
    """Verification passes through the link: versions, imports, and MPS where it is expected."""
    printed = answer(host, as_whole_command(verify_environment(mac.state, environment)))
    verification = json.loads(printed.splitlines()[-1])
    assert verification["machine"] == mac.state.arch
    if environment.variant is not None:
        assert verification["mps"] is environment.variant.mps_expected

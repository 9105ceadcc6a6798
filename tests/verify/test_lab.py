"""What must hold on every Mac of a lab after an apply, looked at without Torchard's own plan."""

from __future__ import annotations

import json
import re

from packaging.utils import canonicalize_name
from packaging.version import Version

from torchard.operations.read_scripts import verify_environment


def answer(host, command, *args):
    done = host.run(command, *args)
    assert done.rc == 0, done.stderr
    return done.stdout.strip()


def test_the_prefix_holds_a_whole_conda(mac, host):
    """The prefix has conda's own mark of a finished install, and its conda runs."""
    assert host.file(f"{mac.state.prefix}/conda-meta/history").contains("^# update specs:")
    assert not host.file(f"{mac.state.prefix}/install_tmp").exists
    assert re.fullmatch(r"conda [0-9.]+", answer(host, "%s/bin/conda --version", mac.state.prefix))


def test_the_link_leads_to_a_stamped_generation(mac, host, environment):
    """An environment is an absolute link to a generation whose stamp says that it was verified."""
    generation = answer(host, "readlink %s", mac.link(environment))
    assert generation.startswith(
        f"{mac.state.home}/.torchard/generations/{environment.environment}-"
    )
    stamp = json.loads(host.file(f"{generation}/.torchard.json").content_string)
    assert stamp["lock"] == environment.digest
    assert stamp["verification"]["machine"] == mac.state.arch


def test_the_python_is_native(mac, host, environment):
    """The environment's python runs as the hardware's arch and has the locked version."""
    native = "arch -arm64 " if mac.state.translated else ""
    code = "import platform as p; print(p.machine(), p.python_version())"
    found = answer(host, native + "%s/bin/python -I -c %s", mac.link(environment), code)
    locked = next(one.version for one in environment.conda if one.name == "python")
    assert found == f"{mac.state.arch} {locked}"


def test_conda_sees_the_locked_packages(mac, host, environment):
    """`conda list` names exactly the locked conda packages, versions and builds."""
    told = answer(host, "%s/bin/conda list --json -p %s", mac.state.prefix, mac.link(environment))
    found = {
        (one["name"], one["version"], one["build_string"])
        for one in json.loads(told)
        if one["channel"] != "pypi"
    }
    assert found == {(one.name, one.version, one.build) for one in environment.conda}


def test_conda_leaves_alone_what_the_lab_freezes(mac, host, environment):
    """The mark of a frozen environment is there where the lab says so, and nowhere else."""
    mark = host.file(f"{mac.link(environment)}/conda-meta/frozen")
    assert mark.exists is mac.frozen
    if mac.frozen:
        assert "Torchard" in json.loads(mark.content_string)["message"]


def test_pip_sees_the_locked_wheels(mac, host, environment):
    """The environment's own pip names exactly the locked wheels beside conda's distributions."""
    told = answer(
        host,
        "%s/bin/python -I -m pip list --format json --disable-pip-version-check",
        mac.link(environment),
    )
    found = {canonicalize_name(one["name"]): Version(one["version"]) for one in json.loads(told)}
    provided = {
        canonicalize_name(name): Version(version)
        for one in environment.conda
        for name, version in one.provides
    }
    wheels = {one.name: Version(one.version) for one in environment.wheels}
    assert found == {**provided, **wheels}


def test_the_verification_passes(mac, host, environment):
    """Verification passes through the link: versions, imports, and MPS where it is expected."""
    told = answer(host, verify_environment(mac.state, environment))
    verification = json.loads(told.splitlines()[-1])
    assert verification["machine"] == mac.state.arch
    if environment.variant is not None:
        assert verification["mps"] is environment.variant.mps_expected

"""An environment is built aside and verified before it is activated; at any stop, one is there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import on_a_mac
import pytest
from on_a_mac import artefact

from simlab import macs
from simlab.lab import SimLab
from torchard.lab.model import Environment, Request
from torchard.plan import steps

ALIAS = "https://conda.anaconda.org"


@pytest.fixture(scope="module")
def _mac(tmp_path_factory, simlab_depot):
    """A Mac with Miniconda; each test has an environment of its own on it."""
    mac = on_a_mac.make(tmp_path_factory.mktemp("environments"))
    assert mac.install(simlab_depot).returncode == 0
    return mac


@pytest.fixture
def mac(_mac):
    """The Mac, as it is; what a test left at work on it ends with the test."""
    yield _mac
    _mac.end()
    macs.change(_mac.root, mps=True)


@pytest.fixture(scope="module")
def torch_lock(tmp_path_factory, simlab_depot, artefacts):
    """An environment with PyTorch and NumPy."""
    asked = Environment("torch", "3.12", Request("3.12", companions=()), pip=("numpy",))
    with SimLab(tmp_path_factory.mktemp("index") / "lab", 1, simlab_depot.root) as lab:
        return on_a_mac.solve(simlab_depot, asked, lab.web_url)


@pytest.fixture
def lock(torch_lock, request):
    """The same without a wheel, under a name of the test's own."""
    name = f"own-{hashlib.sha256(request.node.name.encode()).hexdigest()[:8]}"
    return dataclasses.replace(torch_lock, environment=name, variant=None, wheels=())


def generations(mac, lock) -> list[str]:
    """Return what there is of an environment: generations, marks, and what was set aside."""
    found = (mac.torchard / "generations").iterdir()
    return sorted(path.name for path in found if lock.environment in path.name)


def records(prefix: Path) -> list[dict]:
    """Return the conda-meta records of an environment."""
    return [json.loads(path.read_text()) for path in (prefix / "conda-meta").glob("*.json")]


def is_complete(prefix: Path) -> bool:
    """Tell whether every file of every record is there, with its size."""
    return all(
        (prefix / one["_path"]).is_symlink()
        or (prefix / one["_path"]).stat().st_size == one["size_in_bytes"]
        or "prefix_placeholder" in one
        for record in records(prefix)
        for one in record["paths_data"]["paths"]
    )


def test_an_environment_is_built_verified_and_shown(mac, torch_lock, simlab_depot):
    """Its link leads to a stamped generation, its records name the real channel, and it works on.

    A second run finds nothing to build, and a person's later `conda install` in it still solves.
    """
    before = {path.name for path in mac.home.iterdir()}
    done = mac.build(simlab_depot, torch_lock)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    link = mac.link(torch_lock)
    path = Path(link.readlink())
    assert path.name == f"torch-{torch_lock.digest[:8]}"
    assert mac.up_to_date(torch_lock)
    stamp = json.loads((path / ".torchard.json").read_text())
    assert stamp["lock"] == torch_lock.digest
    assert stamp["verification"] == {
        "machine": "arm64",
        "mps": True,
        "python": "3.12.13",
        "torch": torch_lock.variant.packages["torch"],
    }
    files = {one.name: one for one in torch_lock.conda}
    for record in records(path):
        package = files[record["name"]]
        assert record["channel"] == f"{ALIAS}/conda-forge/{package.subdir}"
        assert record["url"] == f"{record['channel']}/{package.file}"
        assert (record["sha256"], record["size"]) == (package.sha256, package.size)
        assert str(mac.torchard / "kits") not in json.dumps(record)
    assert not (mac.torchard / "generations" / f".building-{path.name}").exists()
    assert {path.name for path in mac.home.iterdir()} == before
    assert not mac.lock.exists()
    channel = f"--override-channels -c {simlab_depot.channel.as_uri()}"
    later = mac.run(f"miniconda3/bin/conda install -y -q -n torch {channel} xz")
    assert later.returncode == 0, later.stderr
    assert "xz" in {record["name"] for record in records(path)}


def test_a_home_on_another_volume_is_built_in_all_the_same(mac, lock, simlab_depot):
    """Without hard links, and with what macOS leaves beside files on SMB and exFAT."""
    (mac.torchard / "generations").mkdir(exist_ok=True)
    for name in ("generations/._other", "kits/._other", "kits/.DS_Store"):
        (mac.torchard / name).write_bytes(b"\0\5\26\7\0\2\0\0\xb0")
    macs.change(mac.root, hard_links=False)
    try:
        done = mac.build(simlab_depot, lock)
    finally:
        macs.change(mac.root, hard_links=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert mac.up_to_date(lock)
    assert is_complete(mac.link(lock))


def test_a_wrong_sha256_is_removed_and_nothing_is_executed(mac, torch_lock, simlab_depot):
    """A poisoned package and wheel of the right size are named with both hashes, and removed.

    What was shown before stays shown, and once they are pushed again the build goes through, in
    an account whose own settings and variables would break it.
    """
    lock = dataclasses.replace(torch_lock, environment="poisoned")
    package, wheel = lock.conda[3], lock.wheels[2]
    mac.push_all(simlab_depot, lock)
    bad = {}
    for one in (package, wheel):
        content = artefact(simlab_depot, one).read_bytes()
        bad[one] = b"?" + content[1:]
        (mac.torchard / "depot" / one.sha256).unlink(missing_ok=True)
        mac.push(one.sha256, bad[one])
    assert mac.state.depot[package.sha256] == package.size
    done = mac.run(mac.build_script(lock))
    assert done.returncode == 1
    for one, content in bad.items():
        found = hashlib.sha256(content).hexdigest()
        said = f"{one.file} has the wrong sha256: wanted {one.sha256}, found {found}."
        assert said in done.stderr
    assert "Nothing was executed" in done.stderr
    assert generations(mac, lock) == []
    assert not {package.sha256, wheel.sha256} & mac.state.depot.keys()
    mac.push_all(simlab_depot, lock)
    variables = be_hostile(mac)
    try:
        again = mac.run(mac.build_script(lock), **variables)
    finally:
        be_friendly(mac)
    assert again.returncode == 0, again.stderr
    assert mac.up_to_date(lock)


HOSTILE = {
    ".condarc": "channels: [\n",
    ".conda/.condarc": "pkgs_dirs: 1\n",
    ".config/pip/pip.conf": "[global]\nrequire-virtualenv = true\n[install]\nuser = true\n",
    ".pip/pip.conf": "[install]\ntarget = /nonexistent\n",
    "Library/Application Support/pip/pip.conf": "[install]\ndry-run = true\n",
    ".pydistutils.cfg": "[install]\nprefix=/nonexistent\n",
    "evil/sitecustomize.py": "raise SystemExit(9)\n",
    "evil/torch.py": "raise SystemExit(9)\n",
}


def be_hostile(mac) -> dict[str, str]:
    """Give the account settings that break installs; return variables that do so, too."""
    for name, text in HOSTILE.items():
        path = mac.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    evil = str(mac.home / "evil")
    return {
        "CONDARC": str(mac.home / ".condarc"),
        "CONDA_DRY_RUN": "true",
        "CONDA_PKGS_DIRS": "/nonexistent",
        "PIP_TARGET": "/nonexistent",
        "PIP_REQUIRE_VIRTUALENV": "true",
        "PYTHONHOME": "/nonexistent",
        "PYTHONPATH": evil,
        "PYTHONSTARTUP": f"{evil}/torch.py",
        "DYLD_LIBRARY_PATH": evil,
    }


def be_friendly(mac) -> None:
    """Take the settings away again."""
    for name in HOSTILE:
        (mac.home / name).unlink()


def test_a_failed_verification_leaves_what_was_there(mac, torch_lock, simlab_depot):
    """Where MPS lies, verification gives the reason; the old generation stays, the new one goes."""
    old = dataclasses.replace(torch_lock, environment="lies", variant=None, wheels=())
    new = dataclasses.replace(torch_lock, environment="lies")
    assert mac.build(simlab_depot, old).returncode == 0
    shown = mac.link(old).readlink()
    macs.change(mac.root, mps="lies")
    done = mac.build(simlab_depot, new)
    assert done.returncode == 1
    assert done.stderr.startswith("MPS does not work on this Mac (arm64, macOS 15.1): RuntimeError")
    assert (
        "Verification failed, so lies was not activated; what was there before is unchanged."
        in done.stderr
    )
    assert generations(mac, new) == [shown.name]
    assert mac.link(new).readlink() == shown
    assert mac.up_to_date(old)


def test_files_that_could_not_be_checked_are_not_called_damaged(mac, lock, simlab_depot):
    """Nothing is activated or noted, and the next run goes on."""
    assert mac.build(simlab_depot, lock).returncode == 0
    shown = mac.link(lock).readlink()
    mac.link(lock).unlink()
    script = mac.build_script(lock)
    assert "FILES_SECONDS=300\n" in script
    done = mac.run(script.replace("FILES_SECONDS=300\n", "FILES_SECONDS=later\n"))
    assert done.returncode == 1
    assert f"The files of {shown} could not be checked, so " in done.stderr
    assert not (shown / ".torchard-failed.json").exists()
    assert not mac.link(lock).is_symlink()
    assert mac.run(mac.build_script(lock)).returncode == 0
    assert mac.link(lock).readlink() == shown


def as_it_is(path: Path) -> tuple[int, ...]:
    """Return what would change with a file, but for the time when somebody last looked at it."""
    about = os.lstat(path)
    return about.st_mode, about.st_ino, about.st_size, about.st_mtime_ns


@pytest.mark.parametrize(
    "kind", ["a directory", "a file", "a link elsewhere", "a link into another's home"]
)
def test_what_is_not_ours_is_refused_before_the_build(mac, lock, kind):
    """If a real directory, a file or a person's link is there, nothing is even verified."""
    script = mac.build_script(lock)
    link = mac.link(lock)
    link.parent.mkdir(exist_ok=True)
    if kind == "a directory":
        (link / "mine").mkdir(parents=True)
    elif kind == "a file":
        link.write_text("mine")
    elif kind == "a link elsewhere":
        link.symlink_to("/opt/mine")
    else:
        other = mac.root / "other"
        other.mkdir()
        link.symlink_to(other / f".torchard/generations/{lock.environment}-0123abcd")
    before = as_it_is(link)
    done = mac.run(script)
    assert done.returncode == 1
    found = "a link to " if "link" in kind else "a file or a directory, not a link; "
    assert done.stderr.startswith(f"{link} is {found}")
    assert "rename it. It was left alone." in done.stderr
    assert as_it_is(link) == before
    assert generations(mac, lock) == []


def test_a_conda_that_went_away_is_reported(mac, lock):
    """Without its Miniconda a Mac gets no environment, and no directory that looks like one."""
    script = mac.build_script(lock)
    away = mac.home / "away"
    mac.prefix.rename(away)
    try:
        done = mac.run(script)
        assert not mac.prefix.exists()
    finally:
        away.rename(mac.prefix)
    assert done.stderr.startswith(f"there is no conda at {mac.prefix} any more; run it again\n")


def kill_at(mac, when: str) -> None:
    """Let the whole run be killed at a long step: `when` is shell that is given its words."""
    mac.tool(
        "caffeinate",
        'shift\nend() { read -r run <"$HOME/../lock/running"; kill -9 "-$run"; kill -9 0; }\n'
        f'{when}\nexec "$@"',
    )


KILLS = {
    "while conda extracts": """case " $* " in
        *' create '*) "$@" & until [ -e "$HOME"/../pkgs/python-3.12*/info ]; do :; done; end ;;
      esac""",
    "before the stamp": 'case " $* " in *" stamp "*) end ;; esac',
    "behind the stamp": 'case " $* " in *" stamp "*) "$@"; end ;; esac',
}


@pytest.mark.parametrize("point", KILLS)
def test_one_run_repairs_what_a_killed_one_left(mac, lock, simlab_depot, point):
    """Whenever a run is killed, with all that it started, the next one converges in one go.

    What the killed one had verified is not built again, but only shown.
    """
    tool = (mac.root / "bin" / "caffeinate").read_text()
    kill_at(mac, KILLS[point])
    try:
        killed = mac.build(simlab_depot, lock)
    finally:
        (mac.root / "bin" / "caffeinate").write_text(tool)
    assert killed.returncode == -9
    assert not mac.link(lock).is_symlink()
    left = mac.torchard / "generations" / f"{lock.environment}-{lock.digest[:8]}"
    stamp = left / ".torchard.json"
    verified = stamp.stat().st_ino if stamp.exists() else None
    assert (verified is not None) == (point == "behind the stamp")
    done = mac.build(simlab_depot, lock)
    assert done.returncode == 0, done.stderr
    assert mac.up_to_date(lock)
    assert is_complete(mac.link(lock))
    assert generations(mac, lock) == [left.name]
    assert verified in {None, stamp.stat().st_ino}


def test_what_another_killed_build_left_is_gone_before_this_one(mac, lock):
    """Half a generation goes, also one of another name."""
    root = mac.torchard / "generations"
    for name in ("other-1/conda-meta/x", "stamped-1/.torchard.json"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    for name in ("other-1", "stamped-1", "gone-1"):
        (root / f".building-{name}").write_text("")
    script = mac.build_script(lock)
    for kit in mac.incoming.iterdir():
        kit.unlink()
    done = mac.run(script)
    assert "did not arrive" in done.stderr
    assert not (root / "other-1").exists()
    assert (root / "stamped-1").exists()
    assert list(root.glob(".building-*")) == []
    (root / "stamped-1" / ".torchard.json").unlink()
    (root / "stamped-1").rmdir()


def test_nothing_that_was_unpacked_earlier_is_built_from(mac, lock, simlab_depot):
    """A package that somebody spoilt, in a cache or in an environment, spoils no later build.

    conda takes what lies unpacked in its cache for good, and the environments share its bytes.
    """
    assert mac.build(simlab_depot, lock).returncode == 0
    record = next(one for one in records(mac.link(lock)) if one["name"] == "ca-certificates")
    name = next(one["_path"] for one in record["paths_data"]["paths"])
    good = (mac.link(lock) / name).read_bytes()
    with (mac.link(lock) / name).open("r+b") as shared:
        shared.write(b"spoilt")
    folder = f"ca-certificates-{record['version']}-{record['build']}"
    planted = mac.torchard / "pkgs" / folder / name
    planted.parent.mkdir(parents=True)
    planted.write_bytes(b"spoilt")
    (mac.torchard / "pkgs" / folder / "info").mkdir()
    (mac.torchard / "pkgs" / folder / "info/repodata_record.json").write_text(json.dumps(record))
    later = dataclasses.replace(lock, environment=f"{lock.environment}-later")
    assert mac.build(simlab_depot, later).returncode == 0
    assert (mac.link(later) / name).read_bytes() == good
    assert not (mac.torchard / "pkgs").exists()


def test_a_generation_in_use_is_never_moved(mac, lock):
    """One that is shown and lost its stamp is left alone; another is built beside it."""
    script = mac.build_script(lock)
    shown = mac.torchard / "generations" / f"{lock.environment}-{lock.digest[:8]}"
    (shown / "mine").mkdir(parents=True)
    (shown.parent / f".building-{shown.name}").write_text("")
    mac.link(lock).parent.mkdir(exist_ok=True)
    mac.link(lock).symlink_to(shown)
    done = mac.run(script)
    assert done.returncode == 1
    assert f"{shown} is in use, but is not this generation any more" in done.stderr
    assert mac.link(lock).readlink() == shown
    assert (shown / "mine").is_dir()
    assert steps.environment_step(lock, mac.state).path == f"{shown}.2"


def test_a_conda_that_fails_leaves_no_debris(mac, lock, simlab_depot):
    """What could not be finished is gone at once, and what conda said is passed on."""
    mac.push_all(simlab_depot, lock)
    conda = mac.prefix / "bin" / "conda"
    conda.rename(mac.prefix / "bin" / "conda.away")
    words = 'for w; do [ "$p" = -p ] && mkdir -p "$w/lib"; p=$w; done; echo no space >&2; exit 1'
    conda.write_text(f"#!/bin/sh\n{words}\n")
    conda.chmod(0o755)
    try:
        done = mac.run(mac.build_script(lock))
    finally:
        (mac.prefix / "bin" / "conda.away").replace(conda)
    assert done.returncode == 1
    assert "no space\n" in done.stderr
    assert "conda could not create " in done.stderr
    assert "The whole log is on the Mac: " in done.stderr
    assert generations(mac, lock) == []
    assert not (mac.torchard / "pkgs").exists()

"""Real Mac wheels, installed on simulated Macs by a real pip.

The libraries inside are for macOS, so no verification can pass here. The tests show that a failed
verification activates nothing, and that pip took wheels whose libraries run on the Mac.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from packaging.version import Version
from wheel_lab import SIMULATED

from torchard.binaries.mach_o import read_images
from torchard.binaries.minimum import find_minimum
from torchard.binaries.symbols import load_symbols
from torchard.catalog.catalog import load_catalog

pytestmark = pytest.mark.live

RELEASES = {"studio-15": "2.15.0", "studio-13": "2.8.0"}
each_mac = pytest.mark.parametrize("name", SIMULATED)


@pytest.fixture(scope="module")
def applied(lab, torchard):
    """The answer of `torchard apply` for both simulated Macs, and how it ended."""
    if sys.platform == "darwin":
        pytest.skip("on a Mac the real libraries may load, and their verification pass")
    lab.open()
    limits = [option for name in SIMULATED for option in ("--limit", name)]
    done = torchard("apply", lab.file, "--locked", "--yes", "--json", *limits)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def mac(lab, applied):
    """Return a simulated Mac by its name, after its failed build."""
    return lab.simulated.macs.__getitem__


@pytest.fixture(scope="module")
def installed(mac):
    """Build again, aside, what did not pass its verification; return its site-packages.

    The commands are the build's own, as its log has them.
    """
    built = {}

    def build(name):
        if name not in built:
            built[name] = _build_aside(mac(name))
        return built[name]

    return build


def _build_aside(mac):
    log = _build_log(mac)
    conda, pip = re.findall(r"(?m)^\+ (\S+/bin/conda create .*|env \S+ \S+ -I -m pip .*)$", log)
    generation = re.search(r" -p (\S+)", conda)[1]
    _lay_out_kit(mac, Path(generation).name)
    aside = mac.home / "aside"
    for command in (conda, pip):
        done = mac.run(command.replace(generation, str(aside)), timeout=900)
        assert done.returncode == 0, done.stderr
    return aside / "lib/python3.12/site-packages"


def _lay_out_kit(mac, generation):
    """Name the artefacts in the Mac's depot again as conda and pip want them named."""
    root = mac.home / ".torchard"
    kit = root / "kits" / generation
    for line in (kit / "artefacts").read_text(encoding="utf-8").splitlines():
        sha256, target = line.split(" ", 1)
        (kit / target).parent.mkdir(parents=True, exist_ok=True)
        (kit / target).unlink(missing_ok=True)
        (kit / target).hardlink_to(root / "depot" / sha256)


def _build_log(mac):
    (path,) = (mac.home / ".torchard/log").glob("*-torch-*.log")
    return path.read_text(encoding="utf-8")


def test_a_failed_verification_fails_its_macs(applied):
    code, answer = applied
    states = {name: row["state"] for name, row in answer["macs"].items()}
    assert (code, states) == (1, dict.fromkeys(SIMULATED, "failed"))


@each_mac
def test_the_reason_is_that_the_libraries_are_not_for_this_system(applied, name):
    """Nothing else differs: python, arch and the version of every package are the lock's."""
    *failures, sentence, _where = applied[1]["macs"][name]["reason"].splitlines()
    assert (
        sentence
        == "Verification failed, so torch was not activated; what was there before is unchanged."
    )
    assert any(re.search(r"OSError: \S+/libtorch_global_deps\.dylib: ", one) for one in failures)
    others = [one for one in failures if not re.match(r"(torch|import \w+) fails: ", one)]
    assert others == []


@each_mac
def test_nothing_is_shown_and_nothing_is_left_half_built(mac, name):
    home = mac(name).home
    assert not (home / "miniconda3/envs/torch").is_symlink()
    assert list((home / ".torchard/generations").iterdir()) == []


@each_mac
def test_the_wheels_were_installed_by_hash_and_without_an_index(mac, name):
    log = _build_log(mac(name))
    assert re.search(r"pip install --no-deps --require-hashes --no-index .*--find-links /", log)


@each_mac
def test_the_release_that_fits_the_mac_was_installed(installed, name):
    (found,) = installed(name).glob("torch-*.dist-info")
    assert found.name == f"torch-{RELEASES[name]}.dist-info"


@each_mac
def test_every_library_that_was_installed_runs_on_the_mac(installed, name):
    """What they import is there on its macOS, whatever they were built for."""
    arch, macos = SIMULATED[name]
    site = installed(name)
    found = {}
    for path in site.rglob("*"):
        if path.suffix in {".dylib", ".so"}:
            with path.open("rb") as file:
                images = [one for one in read_images(file) if one.arch == arch]
            assert len(images) == 1, path
            found[str(path.relative_to(site))] = images[0]
    assert {"torch/lib/libtorch_cpu.dylib", "torch/lib/libomp.dylib"} <= found.keys()
    patterns = load_catalog().files_on_demand("torchaudio", Version(RELEASES[name]))
    needs = find_minimum(found, load_symbols(), patterns).macos
    assert needs is not None
    assert needs <= Version(macos)

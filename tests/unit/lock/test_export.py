"""A lock in the formats of other tools, each read back by such a tool or its library."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml
from example_lock import EINOPS, LOCK
from packaging.requirements import Requirement
from rattler import LockFile, MatchSpec
from uv import find_uv_bin

from torchard.lock.codec import format_lock
from torchard.lock.export import export_lock
from torchard.lock.lockfile import lock_path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

URL = "https://wheels.example/einops-0.8.2-py3-none-any.whl"
ADDRESSES = {(EINOPS.file, EINOPS.sha256): URL}
ELSEWHERE = replace(
    EINOPS,
    name="torch-scatter",
    file="torch_scatter-0.8.2-py3-none-any.whl",
    index="https://pyg.example/whl",
)
WITH_INDEX = replace(LOCK, wheels=(EINOPS, ELSEWHERE))


def test_an_environment_file_has_exact_packages():
    """Each conda package has its version and build, and pip's are beside them."""
    text = export_lock(WITH_INDEX, "environment")
    found = yaml.safe_load(text)
    assert (found["name"], found["channels"]) == ("torch", ["conda-forge", "nodefaults"])
    *conda, pip = found["dependencies"]
    spec = MatchSpec(conda[0])
    assert (spec.name.normalized, str(spec.build)) == ("python", "h1_0_cpython")
    assert pip == {
        "pip": [
            "--extra-index-url https://pyg.example/whl",
            "einops==0.8.2",
            "torch-scatter==0.8.2",
        ]
    }
    assert text.startswith("# torch for osx-arm64-macos14, exported from a lock of Torchard.\n")


def test_a_nightly_build_is_exported_with_its_index():
    """Pip finds it nowhere else. A lock without one names no such index."""
    nightly = "https://nightly.example/whl"
    variant = replace(LOCK.variant, packages={"torch": None})
    lock = replace(WITH_INDEX, variant=variant)
    options = [f"--extra-index-url {nightly}", "--extra-index-url https://pyg.example/whl"]
    (pip,) = yaml.safe_load(export_lock(lock, "environment", nightly=nightly))["dependencies"][-1:]
    assert pip["pip"][:2] == options
    lines = export_lock(lock, "requirements", nightly=nightly).splitlines()
    assert [line for line in lines if line.startswith("--")] == options
    assert nightly not in export_lock(WITH_INDEX, "requirements", nightly=nightly)


def test_an_explicit_list_has_each_conda_package_with_its_sha256():
    """It says that wheels are not in it. Without wheels it says nothing of them."""
    lines = export_lock(LOCK, "explicit").splitlines()
    at = lines.index("@EXPLICIT")
    (line,) = lines[at + 1 :]
    url, _, digest = line.partition("#sha256:")
    assert digest == "a" * 64
    assert url.endswith("/conda-forge/osx-arm64/python-3.12.13-h1_0_cpython.conda")
    assert MatchSpec(url).name.normalized == "python"
    assert "lacks 1 wheel:" in lines[1]
    assert "wheel" not in export_lock(replace(LOCK, wheels=()), "explicit")


def test_requirements_have_hashes_and_no_conda_package():
    """The comment names python and the packages that conda brings."""
    text = export_lock(WITH_INDEX, "requirements")
    lines = [one for one in text.splitlines() if not one.startswith("#")]
    assert lines[0] == "--extra-index-url https://pyg.example/whl"
    requirement, _, digest = lines[1].partition(" --hash=sha256:")
    assert (str(Requirement(requirement)), digest) == ("einops==0.8.2", EINOPS.sha256)
    assert "lacks 1 conda package.\n# Of these, python packages are: pip." in text
    bare = replace(LOCK, conda=(replace(LOCK.conda[0], provides=()),))
    assert "Of these" not in export_lock(bare, "requirements")


def test_a_pylock_is_valid_by_pep_751():
    """Packaging reads and validates it: the marker, the python, the wheel and its index."""
    addresses = {**ADDRESSES, (ELSEWHERE.file, ELSEWHERE.sha256): "https://pyg.example/t.whl"}
    pylock = pytest.importorskip("packaging.pylock")  # from packaging 26 on
    found = pylock.Pylock.from_dict(tomllib.loads(export_lock(WITH_INDEX, "pylock", addresses)))
    found.validate()
    assert str(found.requires_python) == "==3.12.*"
    (marker,) = found.environments
    assert marker.evaluate({"sys_platform": "darwin", "platform_machine": "arm64"})
    assert not marker.evaluate({"sys_platform": "darwin", "platform_machine": "x86_64"})
    einops, scatter = found.packages
    assert (einops.name, str(einops.version), einops.index) == ("einops", "0.8.2", None)
    assert (einops.wheels[0].url, einops.wheels[0].size) == (URL, 5)
    assert einops.wheels[0].hashes == {"sha256": EINOPS.sha256}
    assert scatter.index == "https://pyg.example/whl"


def test_a_pixi_lock_is_read_by_rattler(tmp_path):
    """It has the packages of one platform with their hashes."""
    file = tmp_path / "pixi.lock"
    file.write_text(export_lock(LOCK, "pixi", ADDRESSES), encoding="utf-8")
    environment = LockFile.from_path(file).environment("torch")
    (platform,) = environment.platforms()
    found = {one.name: one for one in environment.packages(platform)}
    assert str(platform) == "osx-arm64"
    assert found["python"].hashes.sha256.hex() == "a" * 64
    assert found["einops"].hashes.sha256.hex() == EINOPS.sha256
    assert found["einops"].location == URL


@pytest.mark.parametrize("to", ["requirements", "pylock"])
def test_uv_installs_what_was_exported(tmp_path, simlab_depot, to):
    """It takes the wheel only if the hash is right."""
    wheel = next((simlab_depot.root / "simple" / "einops").glob("*.whl"), None)
    wheel = wheel or next(simlab_depot.root.rglob("einops-*.whl"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    version = wheel.name.split("-")[1]
    row = replace(
        EINOPS, version=version, file=wheel.name, sha256=digest, size=wheel.stat().st_size
    )
    for sha256, code in ((digest, 0), ("0" * 64, 1)):
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        lock = replace(LOCK, python=here, wheels=(replace(row, sha256=sha256),))
        file = tmp_path / {"pylock": "pylock.toml"}.get(to, "requirements.txt")
        file.write_text(
            export_lock(lock, to, {(row.file, sha256): wheel.as_uri()}), encoding="utf-8"
        )
        done = subprocess.run(
            [
                *(find_uv_bin(), "pip", "install", "--no-config", "--no-index", "--no-cache"),
                *(["--require-hashes"] if to == "requirements" else []),
                *(["--find-links", str(wheel.parent)] if to == "requirements" else []),
                *("--python-platform", "aarch64-apple-darwin", "--python-version", here),
                *("--target", str(tmp_path / f"there{code}"), "-r", str(file)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == bool(code), done.stderr


@pytest.fixture
def lab(tmp_path):
    """A lab with two classes of Macs; `lab.lock(…)` writes the lock of one."""
    path = tmp_path / "lab.yaml"
    path.write_text(
        'environments: {torch: {python: "3.12"}, plain: {python: "3.12", pytorch: false}}\n'
        "macs:\n"
        '  a: {arch: arm64, macos: "14.2", environments: [torch]}\n'
        "  b: {address: 192.0.2.1, environments: [torch]}\n",
        encoding="utf-8",
    )
    return path


def write(lab, *classes):
    for one in classes:
        file = lock_path(lab, "torch", one)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(format_lock(replace(LOCK, mac_class=one)), encoding="utf-8")


def test_the_command_prints_the_only_lock(lab, torchard):
    """With several, it asks for a class or a Mac. It contacts nobody."""
    done = torchard("export", "torch", lab)
    assert (done.returncode, done.stdout) == (1, "")
    assert "torch has no lock.\n  Run `torchard lock`." in done.stderr
    write(lab, LOCK.mac_class)
    done = torchard("export", "torch", lab)
    assert (done.returncode, done.stdout, done.stderr) == (0, export_lock(LOCK, "environment"), "")
    write(lab, replace(LOCK.mac_class, macos="15.0"))
    done = torchard("export", "torch", lab)
    assert "Name one: --class osx-arm64-macos14 or --class osx-arm64-macos15" in done.stderr
    for words in (("--class", "osx-arm64-macos14"), ("--mac", "a")):
        done = torchard("export", "torch", lab, "--format", "explicit", *words)
        assert (done.returncode, done.stdout) == (0, export_lock(LOCK, "explicit"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("torhc",), "There is no environment torhc in lab.yaml."),
        (("torch", "--mac", "b"), "does not say its arch and macOS"),
        (("torch", "--mac", "c"), "lab.yaml has no Mac c."),
        (("torch", "--class", "osx-64-macos13"), "torch has no lock for osx-64-macos13."),
        (("torch", "--class", "x", "--mac", "a"), "exclude each other"),
    ],
)
def test_the_command_says_what_is_missing(lab, torchard, words, said):
    """Each message says what to type."""
    write(lab, LOCK.mac_class)
    name, *more = words
    done = torchard("export", name, lab, *more)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr

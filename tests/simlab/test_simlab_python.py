"""The python of a simulated Mac is the Mac's, whatever python it runs on."""

from __future__ import annotations

import json
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from simlab import python
from simlab.python import interpreter

# What Debian adds to its own python: outside a virtual environment, packages lie elsewhere.
DEBIAN = {
    "site": """
def getsitepackages(prefixes=None):
    return [sys.prefix + "/lib/python3/dist-packages"]
""",
    "sysconfig": """
_INSTALL_SCHEMES["posix_local"] = dict.fromkeys(
    _INSTALL_SCHEMES["posix_prefix"], "{base}/local/lib/python{py_version_short}/dist-packages"
)
get_path.__defaults__ = ("posix_local", *get_path.__defaults__[1:])
def _get_preferred_schemes():
    return {"prefix": "posix_local", "home": "posix_home", "user": "posix_user"}
""",
}
START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
del sys.argv[0]
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""
ASK = """
import json, site, sys, sysconfig
found = [one for one in sys.path if "-packages" in one]
names = ["purelib", "platlib", "scripts"]
usual = [sysconfig.get_path(name) for name in names]
scheme = sysconfig.get_paths(sysconfig.get_preferred_scheme("prefix"))
print(json.dumps([site.getsitepackages(), found, usual, [scheme[name] for name in names]]))
"""


@pytest.fixture
def debian(tmp_path):
    """A folder with the modules of this python, changed as Debian changes them."""
    folder = tmp_path / "debian"
    folder.mkdir()
    for module in (site, sysconfig):
        text = Path(module.__file__).read_text(encoding="utf-8") + DEBIAN[module.__name__]
        (folder / f"{module.__name__}.py").write_text(text, encoding="utf-8")
    return folder


def test_packages_lie_where_conda_has_them_on_debians_python_too(tmp_path, debian):
    """That is where pip installs, and where python finds what conda unpacked."""
    (tmp_path / "mac.json").write_text('{"name": "studio", "arch": "arm64", "macos": "15.1"}')
    prefix = tmp_path / "home/miniconda3"
    packages = prefix / "lib/python3.12/site-packages"
    packages.mkdir(parents=True)
    for path, file in python.files("3.12.13", "arm64").items():
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_bytes(file.content)
    done = subprocess.run(
        [
            # Its own site would otherwise come from inside the executable.
            *(sys.executable, "-I", "-S", "-X", "frozen_modules=off", "-c", START),
            *(debian, prefix / "lib/python3.12/simlab_interpreter.py"),
            *("3.12.13", "arm64", prefix / "bin/python", "-I", "-c", ASK),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    here = str(packages)
    paths = [here, here, str(prefix / "bin")]
    assert json.loads(done.stdout) == [[here], [here], paths, paths]


@pytest.mark.parametrize(
    ("macos", "mode", "called"),
    [
        ("26.1", None, "16.0"),
        ("26.1", "0", "26.1"),
        ("26.1", "1", "10.16"),
        ("15.6", None, "15.6"),
        ("15.6", "1", "10.16"),
        ("10.15", "1", "10.15"),
    ],
)
def test_macos_calls_itself_what_an_older_sdk_knows(macos, mode, called, monkeypatch):
    """A python built with an older SDK sees macOS 16 for 26, and 10.16 if a variable asks."""
    monkeypatch.delenv("SYSTEM_VERSION_COMPAT", raising=False)
    if mode is not None:
        monkeypatch.setenv("SYSTEM_VERSION_COMPAT", mode)
    assert interpreter.compatible_macos(macos) == called

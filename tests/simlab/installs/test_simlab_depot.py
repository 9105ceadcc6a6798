"""What simulated Macs install: two channels and two indexes, with the real ones' constraints."""

from __future__ import annotations

import hashlib
import html.parser
import json
import re
import subprocess
import sys

import pytest
from packaging.utils import parse_wheel_filename
from uv import find_uv_bin

from simlab import wheels
from simlab.lab import SimLab


@pytest.fixture(scope="module")
def served_depot(tmp_path_factory, simlab_depot):
    """The URL of the whole depot on simlab's own web server."""
    with SimLab(tmp_path_factory.mktemp("served") / "lab", 1, simlab_depot.root) as lab:
        yield lab.web_url


NEWEST = wheels.rows()["torch"][-1]["versions"][-1]
FORGE, LEGACY = ("conda-forge",), ("pytorch", "conda-forge")
TRIO = "pytorch torchvision torchaudio python=3.12"


# Subdir, macOS, channels and specs, and what a solve gives: the beginning of `name version build`.
SOLVES = [
    (("osx-arm64", "15.1", FORGE, "python=3.9 pip"), ["python 3.9.23"]),
    (("osx-arm64", "15.1", FORGE, "python=3.14 pip"), ["python 3.14.3", "python_abi 3.14 8_cp314"]),
    (("osx-64", "12.7", FORGE, "python=3.12 numpy"), ["python 3.12.13", "numpy 2.4.2"]),
    # Builds before February 2026 still run on an older Intel Mac.
    (("osx-64", "10.15", FORGE, "python=3.12 pip"), ["python 3.12.12"]),
    # conda-forge's PyTorch: the newest with vision; with audio an older one; by macOS.
    (("osx-arm64", "15.1", FORGE, "pytorch torchvision python=3.14"),
     ["pytorch 2.13.0 cpu_generic_py314_", "torchvision 0.28.0 cpu_py314_"]),
    (("osx-arm64", "15.1", FORGE, TRIO),
     ["pytorch 2.10.0", "torchvision 0.26.0", "torchaudio 2.11.0"]),
    (("osx-64", "12.7", FORGE, "pytorch torchvision python=3.13"), ["pytorch 2.13.0"]),
    (("osx-64", "11.7", FORGE, "pytorch python=3.13"), ["pytorch 2.11.0 cpu_generic_py313_"]),
    (("osx-64", "10.15", FORGE, "pytorch python=3.12"), ["pytorch 2.6.0"]),
    (("osx-arm64", "15.1", FORGE, "pytorch python=3.9"), ["pytorch 2.6.0"]),
    # The frozen channel, which is nothing without another.
    (("osx-arm64", "15.1", LEGACY, TRIO),
     ["pytorch 2.5.1 py3.12_0", "torchvision 0.20.1 py312_cpu", "torchaudio 2.5.1 py312_cpu",
      "llvm-openmp 15.0.7"]),
    (("osx-64", "12.7", LEGACY, TRIO),
     ["pytorch 2.2.2 py3.12_0", "torchvision 0.17.2 py312_cpu", "torchaudio 2.2.2 py312_cpu",
      "mkl 2023.2.0"]),
    (("osx-arm64", "15.1", LEGACY, "pytorch cpuonly python=3.11"),
     ["pytorch 2.5.1", "cpuonly 2.0"]),
    (("osx-arm64", "15.1", ("pytorch",), "pytorch"), None),
    (("osx-arm64", "15.1", LEGACY, "pytorch python=3.13"), None),
]  # fmt: skip

# In a child, as py-rattler may end its process badly: a solve on each line of stdin.
SOLVER = """
import asyncio, json, os, sys
import rattler as r
from rattler.exceptions import SolverError

async def solve(subdir, osx, channels, specs):
    system = {"__osx": osx, "__unix": "0"}
    try:
        found = await r.solve(
            [r.Channel(url) for url in channels], [r.MatchSpec(one) for one in specs],
            gateway=r.Gateway(), platforms=[subdir, "noarch"],
            virtual_packages=[
                r.GenericVirtualPackage(r.PackageName(name), r.Version(version), r.BuildString("0"))
                for name, version in system.items()
            ],
        )
    except SolverError:
        return None
    return {one.name.normalized: f"{one.version} {one.build}" for one in found}

for line in sys.stdin:
    print(json.dumps(asyncio.run(solve(*json.loads(line)))), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="session")
def solutions(simlab_depot):
    """What the solves give: packages by name, or None."""
    cases = [
        [
            subdir,
            osx,
            [(simlab_depot.root / "conda" / one).as_uri() for one in channels],
            specs.split(),
        ]
        for (subdir, osx, channels, specs), _ in SOLVES
    ]
    done = subprocess.run(
        [sys.executable, "-c", SOLVER],
        input="".join(f"{json.dumps(case)}\n" for case in cases),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "number", range(len(SOLVES)), ids=lambda number: " ".join(map(str, SOLVES[number][0]))
)
def test_channels_give_what_the_real_ones_give(solutions, number):
    """Versions, pins, `__osx` and the priority of channels lead to what they lead to on a Mac."""
    _, expected = SOLVES[number]
    found = solutions[number]
    if expected is None:
        assert found is None
        return
    for one in expected:
        name, _, rest = one.partition(" ")
        assert found[name].startswith(rest)


@pytest.mark.parametrize("channels", [FORGE, LEGACY])
def test_nothing_asks_for_what_is_nowhere(simlab_depot, channels):
    """Every package that another asks for is in a channel, or is the system's own."""
    known, asked = {"__osx", "__unix"}, set()
    for channel in channels:
        for path in (simlab_depot.root / "conda" / channel).glob("*/repodata.json"):
            data = json.loads(path.read_text(encoding="utf-8"))
            for record in (*data["packages"].values(), *data["packages.conda"].values()):
                known.add(record["name"])
                asked |= {one.split()[0] for one in record["depends"]}
    assert asked - known == set()


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found.append(dict(attributes))


@pytest.mark.parametrize("index", ["simple", "nightly/simple"])
def test_index_is_true_to_its_files(simlab_depot, index):
    """Each link of each page leads to a wheel of that sha256, whose METADATA lies beside it."""
    pages = sorted((simlab_depot.root / index).glob("*/index.html"))
    assert pages
    for page in pages:
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        assert links.found
        for link in links.found:
            url, _, digest = link["href"].partition("#sha256=")
            file = (page.parent / url).resolve()
            assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
            assert parse_wheel_filename(file.name)[0] == page.parent.name
            meta = file.with_name(f"{file.name}.metadata").read_bytes()
            told = link["data-core-metadata"].partition("=")[2]
            assert hashlib.sha256(meta).hexdigest() == told


def test_index_in_json_says_the_same(simlab_depot):
    """The JSON of a page names the same files and digests, with their sizes, and every version."""
    for page in sorted((simlab_depot.root / "simple").glob("*/index.html")):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        document = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
        files = document["files"]
        assert [link["href"] for link in links.found] == [
            f"{file['url']}#sha256={file['hashes']['sha256']}" for file in files
        ]
        for file in files:
            assert (page.parent / file["url"]).stat().st_size == file["size"]
        versions = {str(parse_wheel_filename(file["filename"])[1]) for file in files}
        assert versions == set(document["versions"])


def compiled(url, mac, requirements, *options):
    """Return the pins that uv resolves requirements to for a Mac, or what it says.

    `mac` is the python, the arch and the macOS.
    """
    python, arch, macos = mac
    platform = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}[arch]
    done = subprocess.run(
        [
            *(find_uv_bin(), "pip", "compile", "-", "--default-index", url, "--no-cache"),
            *("--python-platform", platform, "--python-version", python, "--no-config"),
            *("--only-binary", ":all:", "--no-python-downloads", "--quiet", "--no-header"),
            *("--no-annotate", "--color", "never", *options),
        ],
        input="\n".join(requirements.split(" ")),
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "MACOSX_DEPLOYMENT_TARGET": macos},
        check=False,
    )
    return dict(line.split("==") for line in done.stdout.splitlines()) or done.stderr


@pytest.mark.parametrize(
    ("mac", "wanted", "expected"),
    [
        (("3.9", "x86_64", "10.15"), "torch==1.12.1 torchvision==0.13.1 torchaudio==0.12.1",
         {"torch": "1.12.1", "pillow": "11.3.0"}),
        (("3.14", "arm64", "15.0"), "torch torchvision torchaudio pandas",
         {"torch": NEWEST, "torchvision": "0.29.2", "torchaudio": "2.11.1", "numpy": "2.5.5"}),
        (("3.10", "arm64", "14.0"), "torch", {"torch": "2.14.1"}),
        (("3.9", "arm64", "13.0"), "torch torchvision",
         {"torch": "2.8.0", "torchvision": "0.23.0"}),
        (("3.14", "arm64", "12.0"), "torch", {"torch": "2.11.0"}),
        (("3.12", "x86_64", "13.0"), "torch torchvision", {"torch": "2.2.2", "numpy": "2.5.5"}),
        # What the real index does to those who pin only torch.
        (("3.12", "arm64", "15.0"), "torch==2.5.1 torchvision torchaudio",
         {"torchvision": "0.20.1", "torchaudio": "2.11.0"}),
    ],
)  # fmt: skip
def test_index_resolves_as_the_real_one(served_depot, mac, wanted, expected):
    """What uv picks for a Mac is what it picked from the real index, traps included."""
    found = compiled(f"{served_depot}/simple", mac, wanted)
    assert {name: found[name] for name in expected} == expected


def test_nightly_index_pairs_by_day(served_depot):
    """The last torch has no torchvision yet, and none is for macOS 13; there is no torchaudio."""
    nightly = f"{served_depot}/nightly/simple"
    old, new = ("3.12", "arm64", "13.0"), ("3.12", "arm64", "15.0")
    found = compiled(nightly, new, "torch torchvision", "--prerelease", "allow")
    assert found["torch"] == "2.16.0.dev20261123"
    assert found["torchvision"] == "0.30.0.dev20261123"
    alone = compiled(nightly, new, "torch", "--prerelease", "allow")
    assert alone["torch"] == "2.16.0.dev20261124"
    assert "no wheels with a matching platform tag" in compiled(nightly, old, "torch")
    assert "torchaudio was not found" in compiled(nightly, new, "torchaudio")


@pytest.mark.parametrize(("python", "torch"), [("3.9", "2.8.0"), ("3.14", "2.15.0")])
def test_first_and_last_python_run_torch(arm_mac, simlab_depot, python, torch):
    """In an environment of either python, pip installs the wheel for it, and torch computes."""
    prefix = arm_mac.prefix / f"envs/python-{python}"
    made = arm_mac.conda(f"create -y -q -p {prefix} {arm_mac.channel} python={python} pip")
    assert made.returncode == 0, made.stderr
    done = arm_mac.run(
        f"{prefix}/bin/python -I -m pip install -q --no-deps --no-index --no-cache-dir"
        f" --find-links {simlab_depot.root}/wheels torch=={torch}"
    )
    assert done.returncode == 0, done.stderr
    done = arm_mac.run(
        f"{prefix}/bin/python -I -c 'import sys, torch; print(*sys.version_info[:2],"
        ' torch.__version__, (torch.ones(2, device="mps") + 1).tolist())\''
    )
    assert done.stdout == f"{python.replace('.', ' ')} {torch} [2.0, 2.0]\n", done.stderr


def test_forge_torch_computes(intel_mac, arm_mac):
    """conda-forge's own builds run: on Apple silicon with MPS in them, on Intel with the CPU."""
    for mac, device in ((arm_mac, "mps"), (intel_mac, "cpu")):
        specs = "python=3.12 pytorch torchvision"
        assert mac.conda(f"create -y -q -n forge {mac.channel} {specs}").returncode == 0
        done = mac.run(
            f"{mac.prefix}/envs/forge/bin/python -I -c 'import torch, torchvision;"
            f' print(torch.__version__, (torch.ones(1, device="{device}") + 1).item())\''
        )
        assert done.stdout == "2.13.0 2.0\n", done.stderr


def test_rows_name_their_files_once():
    """No wheel is described twice, and torch's have an arch that their stubs can tell."""
    for name in (wheels.RELEASES, wheels.NIGHTLY):
        for project, rows in wheels.rows(name).items():
            files = [
                (version, tags)
                for row in rows
                for version in row["versions"]
                for tags in wheels._tags(row)
            ]
            assert len(files) == len(set(files)), project
            if project in wheels.PYTORCH:
                assert all(re.search("(arm64|x86_64)$", tags) for _, tags in files)

"""The commands are text in which any value is only itself, for every shell that may read it."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace

import pytest
import shells
from hypothesis import example, given, settings
from hypothesis import strategies as st
from makers import MAKERS, Made
from profiles import examples

from torchard.catalog.installers import Installer
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lock.lockfile import CondaPackage, Lock, Wheel
from torchard.mac import probe
from torchard.mac.state import MacState
from torchard.operations import change_scripts, read_scripts, script_text
from torchard.operations.controller import Controller
from torchard.operations.expected import describe_verification
from torchard.operations.incoming import parse_free_bytes
from torchard.operations.kit import Kit, write_kit
from torchard.remote.quoting import for_any_shell

# Shells that may be `sh` on a Mac; zsh by its own name only gets pyinfra's one line.
SHELLS = [
    [path, *options]
    for name, *options in (["sh"], ["bash", "--posix"], ["zsh", "--emulate", "sh"])
    if (path := shutil.which(name))
]

# Every character but NUL, which no argument can hold, and the ones that shells care for, often.
SPECIAL = st.sampled_from([
    "$(touch canary)", "`touch canary`", "'; touch canary; '", '"; touch canary; "', "\n", "\\",
    "& touch canary &", "| touch canary", "\ntouch canary\n", "$HOME", "~", "*", "!!", "\r", "'",
    '"', "-n", "%s", "\\n", "#", "=", " ", "\t", "é", "\x1b[0m",
])  # fmt: skip
ANY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
TEXT = st.lists(SPECIAL | ANY, max_size=4).map("".join)

GROUP = MacClass("osx-arm64", "14.0")
PACKAGE = CondaPackage(
    "zlib", "1.3", "h1_0", "conda-forge", "osx-arm64", "zlib-1.3-h1_0.conda", "a" * 64, 7,
    (("zlib-py", "1.3"),),
)  # fmt: skip
WHEEL = Wheel("torch", "2.15.0", "torch-2.15.0-cp312-macosx_14_0_arm64.whl", "b" * 64, 9)
VARIANT = Variant("wheels", {"torch": "2.15.0", "torchvision": "0.29.2"}, "3.12", True, "newest")  # noqa: FBT003
LOCK = Lock("torch", GROUP, "c" * 64, "3.12", VARIANT, ("python 3.12.*",), ("einops",),
            ("conda-forge",), (PACKAGE,), (WHEEL,))  # fmt: skip
STATE = MacState("arm64", translated=False, macos="15.1", home="/Users/ada", user="ada", free=1,
                 prefix="/Users/ada/miniconda3", prefix_state="whole")  # fmt: skip
URLS = {"conda-forge": "https://channels.example/conda-forge/"}


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A directory in which a canary would appear."""
    return tmp_path_factory.mktemp("canary")


def run(script: str, where, **variables: str) -> list[subprocess.CompletedProcess[bytes]]:
    """Run a script in every shell there is; nothing may appear in the directory."""
    done = [
        subprocess.run(
            [*shell, "-c", script], capture_output=True, cwd=where, env=variables, check=False
        )
        for shell in SHELLS
    ]
    assert list(where.iterdir()) == []
    return done


def printing(monkeypatch, *names: str) -> None:
    """Let the scripts print the values that they are given, each behind a NUL."""
    words = " ".join(f'"${name}"' for name in names)
    monkeypatch.setattr(script_text, "read_script", lambda _: f"printf '\\0%s' {words}; exit")


@settings(max_examples=examples(60), deadline=None)
@given(values=st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT, TEXT))
@example(values=("=sh",) * 6)  # shlex does not quote an equals sign
def test_values_of_an_installation_arrive_unchanged(empty, values):
    """Any prefix, file name, version and controller reaches the script as it is, and runs not."""
    who, prefix, file, version, date, arch = values
    state = replace(STATE, prefix=prefix, arch=arch)
    installer = Installer("miniconda", version, file, "", "d" * 64)
    with pytest.MonkeyPatch.context() as patch:
        printing(patch, "WHO", "TOKEN", "PREFIX", "FILE", "SHA256", "ARCH", "MARK")
        script = change_scripts.install_miniconda(state, installer, Controller(who, date), date)
    mark = {"format": 1, "installer": file, "sha256": "d" * 64, "version": version, "date": date}
    wanted = [who, date, prefix, file, "d" * 64, arch, json.dumps(mark, sort_keys=True)]
    for done in run(script, empty):
        assert done.stderr == b""
        assert done.stdout.decode().split("\0")[1:] == wanted


@settings(max_examples=examples(60), deadline=None)
@given(values=st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT))
def test_values_of_a_build_arrive_unchanged(empty, values):
    """Any home, prefix, environment and generation reaches the script as it is, and runs not."""
    who, prefix, home, name, generation = values
    state = replace(STATE, prefix=prefix, home=home)
    lock = replace(LOCK, environment=name)
    kit = Kit(generation, b"")
    with pytest.MonkeyPatch.context() as patch:
        printing(patch, "WHO", "PREFIX", "NAME", "GENERATION", "DIGEST", "KIT")
        script = change_scripts.build_environment(state, lock, kit, Controller(who, "t"))
    for done in run(script, empty):
        assert done.stderr == b""
        assert done.stdout.decode().split("\0")[1:] == [
            who, prefix, name, generation, lock.digest, kit.sha256,
        ]  # fmt: skip


@settings(max_examples=examples(40), deadline=None)
@given(name=st.lists(SPECIAL | ANY, max_size=3).map("".join), version=TEXT)
def test_the_verification_is_given_what_was_asked(tmp_path_factory, name, version):
    """The environment's python is called by its own path, with the verification as single words."""
    where = tmp_path_factory.mktemp("prefix")
    name = name.replace("/", "").strip(".")[:40] or "x"
    python = where / "envs" / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf \'\\0%s\' "$PYTHONPATH" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    lock = replace(LOCK, environment=name, wheels=(replace(WHEEL, version=version),))
    command = read_scripts.verify_environment(replace(STATE, prefix=str(where)), lock)
    for shell in SHELLS:
        done = subprocess.run(
            [*shell, "-c", command],
            capture_output=True,
            env={"HOME": "/", "PATH": "/usr/bin:/bin", "PYTHONPATH": "/evil"},
            check=True,
        )
        words = done.stdout.decode().split("\0")[1:]
        assert words[:5] == ["", "-B", "-I", "-c", script_text.RUN_ARGUMENT]
        assert words[5] == script_text.read_script("verify.py")
        assert json.loads(words[6])["dists"]["torch"] == version
    assert not list(where.rglob("canary"))


def test_the_whole_scripts_run_no_value(tmp_path):
    """The real scripts, given values that are commands, end with a sentence and run none."""
    (tmp_path / "home").mkdir()
    (tmp_path / "cwd").mkdir()
    for evil in ("$(touch canary)", "';touch canary;'", "`touch canary`", '"$(touch canary)"'):
        state = replace(STATE, prefix=f"{tmp_path}/home/{evil}", home=str(tmp_path / "home"))
        installer = Installer("miniconda", evil, evil, "", "d" * 64)
        lock = replace(LOCK, environment=evil)
        controller = Controller(evil, "t")
        scripts = [
            change_scripts.install_miniconda(state, installer, controller, evil),
            change_scripts.build_environment(state, lock, Kit(evil, b""), controller),
        ]
        for script in scripts:
            home = str(tmp_path / "home")
            for done in run(script, tmp_path / "cwd", HOME=home, PATH="/usr/bin:/bin"):
                assert done.returncode == 1
    assert not list(tmp_path.rglob("canary"))


def files_of(kit: Kit) -> dict[str, bytes]:
    """Return what a kit holds."""
    with tarfile.open(fileobj=io.BytesIO(kit.archive)) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive}


def test_a_kit_has_the_same_bytes_every_time():
    """Its bytes depend on the lock and the Mac's home alone; so does the sha256 that names it."""
    one = write_kit(STATE, LOCK, "torch-1", URLS)
    assert one == write_kit(replace(STATE, free=2, clock=3), LOCK, "torch-1", URLS)
    assert one.path(STATE) == f"/Users/ada/.torchard/depot/incoming/{one.sha256}"
    assert one.sha256 != write_kit(STATE, LOCK, "torch-2", URLS).sha256


def test_a_kit_says_what_is_built_and_where_it_came_from():
    """Files come from the Mac's own depot, with hashes; the records get the real addresses."""
    files = files_of(write_kit(STATE, LOCK, "torch-1", URLS))
    assert files["artefacts"].decode().splitlines() == [
        f"{'a' * 64} torchard-depot/osx-arm64/zlib-1.3-h1_0.conda",
        f"{'b' * 64} wheels/{WHEEL.file}",
    ]
    assert files["explicit.txt"].decode().splitlines() == [
        "@EXPLICIT",
        "file:///Users/ada/.torchard/kits/torch-1/torchard-depot/osx-arm64/zlib-1.3-h1_0.conda",
    ]
    assert files["requirements.txt"].decode() == f"torch==2.15.0 --hash=sha256:{'b' * 64}\n"
    kit = json.loads(files["kit.json"])
    assert kit["packages"]["zlib"] == {
        "dist": "https://channels.example/conda-forge/osx-arm64::zlib-1.3-h1_0",
        "version": "1.3",
        "url": "https://channels.example/conda-forge/osx-arm64/zlib-1.3-h1_0.conda",
        "channel": "https://channels.example/conda-forge/osx-arm64",
        "sha256": "a" * 64,
        "size": 7,
    }
    assert kit["specs"] == ["python 3.12.*"]
    assert kit["stamp"]["lock"] == LOCK.digest
    assert kit["stamp"]["variant"]["mps_expected"] is True


def test_the_verification_asks_for_what_the_lock_gives():
    """Versions of both owners, the imports of the companions that are there, and MPS."""
    wanted = describe_verification(LOCK)
    assert wanted["dists"] == {"zlib-py": "1.3", "torch": "2.15.0"}
    assert wanted["imports"] == ["torchvision"]
    assert (wanted["torch"], wanted["mps"], wanted["arch"]) == (True, True, "arm64")
    assert wanted["instead"] == ""
    without = describe_verification(replace(LOCK, variant=None))
    assert (without["torch"], without["mps"], without["imports"]) == (False, False, [])


def test_under_rosetta_the_verification_runs_natively():
    """A translated shell starts the environment's python as arm64."""
    command = read_scripts.verify_environment(replace(STATE, translated=True), LOCK)
    assert " sh arch -arm64 /Users/ada/miniconda3/envs/torch/bin/python " in command
    assert "arch -arm64" not in read_scripts.verify_environment(STATE, LOCK)


def test_a_home_with_spaces_is_a_file_url():
    """A path that is part of a URL is written as URLs have it."""
    state = replace(STATE, home="/Volumes/My Disk/ada")
    files = files_of(write_kit(state, LOCK, "torch-1", URLS))
    assert b"file:///Volumes/My%20Disk/ada/.torchard/kits" in files["explicit.txt"]


def test_what_somebody_accepted_is_recorded_where_it_led():
    """The terms of an installer in the prefix's mark, those of channels in a generation's stamp."""
    said = "Anaconda's Terms of Service"
    for licence in (said, ""):
        installer = Installer("miniconda", "1", "x.sh", "", "d" * 64, licence=licence)
        script = change_scripts.install_miniconda(STATE, installer, Controller("a", "b"), "now")
        mark = re.search(r"(?m)^MARK='(.*)'$", script)[1].replace("'\"'\"'", "'")
        assert json.loads(mark).get("accepted") == (licence or None)
    for channels in (["conda-forge"], ["conda-forge", "defaults"]):
        one = replace(LOCK, channels=tuple(channels))
        kit = write_kit(STATE, one, "torch-1", dict.fromkeys(channels, "https://x"))
        with tarfile.open(fileobj=io.BytesIO(kit.archive)) as archive:
            stamp = json.load(archive.extractfile("kit.json"))["stamp"]
        assert stamp.get("accepted_anaconda_terms") == ("defaults" in channels or None)


@pytest.mark.parametrize(
    ("line", "free"),
    [
        ("/dev/disk3s5 482797652 385141402 97656250 79% /System/Volumes/Data", 97656250 * 1024),
        ("/dev/disk3s5 100 100 0 100% 12 0 100% /Volumes/My 50% disk", 0),
        ("df: nothing like it", None),
    ],
)
def test_the_free_space_is_read_from_df(tmp_path, line, free):
    """Whatever the volume is called, in every shell."""
    head = "Filesystem 1024-blocks Used Available Capacity Mounted on"
    df = tmp_path / "df"
    df.write_text(f"#!/bin/sh\nprintf '%s\\n' '{head}' '{line}'\n", encoding="utf-8")
    df.chmod(0o755)
    command = f"{probe.read_part('tools.sh')}PATH='{tmp_path}':$PATH\nread_free /"
    for name in shells.THERE:
        done = subprocess.run(
            [shells.link(tmp_path, name), "-c", command], capture_output=True, text=True, check=True
        )
        assert parse_free_bytes(done.stdout.splitlines()) == free
    assert parse_free_bytes([]) is None


def test_a_lease_that_ends_while_it_is_read_leaves_no_message(tmp_path):
    """What a shell says of a file that it cannot open would be part of a Mac's reason."""
    command = f"{probe.read_part('tools.sh')}read_lease_end '{tmp_path}' token"
    for name in shells.THERE:
        done = subprocess.run(
            [shells.link(tmp_path, name), "-c", command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_a_program_brings_its_modules_along(tmp_path):
    """It runs where nothing of Torchard is installed."""
    program = tmp_path / "program.py"
    program.write_text(script_text.read_program("remove_generations.py"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", program, "what"], capture_output=True, text=True, check=False
    )
    assert done.stderr.endswith("KeyError: 'what'\n")
    assert script_text.read_program("generation.py") == script_text.read_script("generation.py")


def test_a_packed_program_is_the_same_and_no_command_is_too_long():
    """Linux takes 128 KiB in one argument, and OpenSSH a command of 256 KiB."""
    packed = script_text.pack_program("remove_generations.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", packed, "what"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.endswith("KeyError: 'what'\n")
    made = Made("x", "/Users/x")
    for name, maker in MAKERS.items():
        if name.startswith(("operations.change_scripts.", "operations.read_scripts.")):
            assert len(for_any_shell(maker(made))) < 110_000, name

from __future__ import annotations

import json
import os
import re

import pytest

from simlab import macs


def test_installs_a_whole_miniconda(arm_mac):
    """`-b -p PREFIX` leaves a conda that runs, a history with specs, and none of its own files."""
    prefix = arm_mac.prefix
    assert arm_mac.conda("--version").stdout == "conda 26.5.3\n"
    assert "# update specs:" in (prefix / "conda-meta/history").read_text()
    assert (prefix / ".condarc").read_text() == "channels:\n  - defaults\n"
    assert (prefix / "LICENSE.txt").is_file()
    assert (prefix / "pkgs").is_dir()
    left = ("_conda", ".messages.txt", "install_tmp", "preconda.tar.bz2", "postconda.tar.bz2")
    assert [name for name in left if (prefix / name).exists()] == []
    # Batch mode never runs conda init.
    assert [name for name in (".zshrc", ".bash_profile") if (arm_mac.home / name).exists()] == []


def test_records_say_one_key_a_line(arm_mac):
    """The records of python and conda say their subdir on a line of its own, as conda's do."""
    for pattern in ("python-3.13.*.json", "conda-26.5.3-*.json"):
        (record,) = (arm_mac.prefix / "conda-meta").glob(pattern)
        assert '\n  "subdir": "osx-arm64",\n' in record.read_text()


def test_an_intel_base_is_x86_64(intel_mac):
    """The Intel installer's python runs as x86_64 and its record says osx-64."""
    command = f"{intel_mac.prefix}/bin/python -I -c 'import platform; print(platform.machine())'"
    assert intel_mac.run(command).stdout == "x86_64\n"
    (record,) = (intel_mac.prefix / "conda-meta").glob("python-3.13.*.json")
    assert json.loads(record.read_text())["subdir"] == "osx-64"


def test_refuses_a_prefix_that_exists(make_mac):
    """Even an empty directory is refused, with status 1 and the way to update."""
    mac = make_mac()
    mac.prefix.mkdir()
    done = mac.install()
    assert done.returncode == 1
    assert f"ERROR: File or directory already exists: '{mac.prefix}'" in done.stderr
    assert "use the -u option" in done.stderr
    assert list(mac.prefix.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("-b -p 'with space'", 1, "ERROR: Cannot install into directories with spaces"),
        ("-b -x", 1, "ERROR: did not recognize option"),
        ("-b -c", 70, "ERROR: simlab does not simulate -c"),
        ("-b -t", 70, "ERROR: simlab does not simulate -t"),
        ("-h", 2, "usage:"),
    ],
)
def test_options(make_mac, arguments, status, message):
    """What an installer of this kind refuses, it refuses with the real one's status."""
    mac = make_mac()
    done = mac.run(f"/bin/bash {mac.fetch_installer()} {arguments}")
    assert done.returncode == status
    assert message in done.stdout + done.stderr
    assert sorted(path.name for path in mac.home.iterdir()) == [mac.depot.installers["arm64"][0]]


def test_must_be_called_as_sh(make_mac):
    """A download that is not named *.sh, or is piped, does not run."""
    mac = make_mac()
    name = mac.fetch_installer()
    for command in (f"mv {name} x.tmp && bash x.tmp -b -p p", "bash -s -- -b -p p < x.tmp"):
        done = mac.run(command)
        assert done.returncode == 1
        assert 'Please run using "bash"/"dash"/"sh"/"zsh"' in done.stderr
    assert not (mac.home / "p").exists()


def test_macos_below_the_floor(make_mac):
    """A macOS that is too old is refused by the installer itself, unless it is overridden."""
    mac = make_mac("arm64", "11.7")
    done = mac.install()
    assert done.returncode == 1
    assert done.stderr == "Installer requires macOS >=12.1, but system has 11.7.\n"
    name = mac.fetch_installer()
    begin = "SIMLAB_INSTALLER_STOP_AFTER=preconda CONDA_OVERRIDE_OSX=12.1"
    done = mac.run(f"{begin} bash {name} -b -p {mac.prefix}")
    assert done.returncode in (-9, 137)
    assert (mac.prefix / "conda-meta").is_dir()


def test_a_corrupted_payload_only_warns(make_mac):
    """A payload whose md5 differs is installed all the same: only a sha256 of ours protects."""
    mac = make_mac()
    path = mac.home / mac.fetch_installer()
    content = path.read_bytes()
    place = content.rindex(b"/pip-")  # in pkgs/urls.txt, which nothing reads
    path.write_bytes(content[:place] + b"?" + content[place + 1 :])
    done = mac.run(f"bash {path} -b -p {mac.prefix}")
    assert done.returncode == 0
    assert "WARNING: md5sum mismatch of tar archive" in done.stderr
    assert mac.conda("--version").returncode == 0


def test_a_truncated_download_is_half_an_install(make_mac):
    """An installer that was cut short warns, fails, and leaves a prefix that is refused again."""
    mac = make_mac()
    path = mac.home / mac.fetch_installer()
    os.truncate(path, path.stat().st_size * 2 // 3)
    done = mac.run(f"bash {path} -b -p {mac.prefix}")
    assert done.returncode != 0
    assert "WARNING: md5sum mismatch of tar archive" in done.stderr
    assert (mac.prefix / "_conda").exists()
    assert not (mac.prefix / "bin").exists()
    assert mac.install().returncode == 1


def test_prefix_may_be_relative_and_deep(make_mac):
    """A relative prefix is below the working directory, and its parents are made."""
    mac = make_mac()
    begin = f"SIMLAB_INSTALLER_STOP_AFTER=preconda bash {mac.fetch_installer()}"
    done = mac.run(f"{begin} -b -s -m -k -p some/where/conda")
    assert done.returncode in (-9, 137)
    assert f"PREFIX={mac.home}/some/where/conda\n" in done.stdout
    assert (mac.home / "some/where/conda/_conda").exists()


def test_a_full_disk(make_mac):
    """Too little free space is refused before anything is unpacked."""
    mac = make_mac(fault={"disk_free": 10_000_000})
    done = mac.install()
    assert done.returncode == 1
    assert re.search(r"ERROR: Not enough free disk space in '.*': \d+ MB needed", done.stderr)
    assert list(mac.prefix.iterdir()) == []


def test_an_arm64_installer_dies_on_intel(make_mac):
    """In batch mode nobody looks at the arch: the program inside does not run, status 126."""
    mac = make_mac("x86_64", "12.7")
    done = mac.install("arm64")
    assert done.returncode == 126
    assert "_conda: Bad CPU type in executable" in done.stderr
    assert not (mac.prefix / "bin").exists()


def test_an_intel_installer_runs_under_rosetta(make_mac):
    """On arm64 hardware an Intel installer gives, without a word, an Intel base."""
    mac = make_mac()
    assert mac.install("x86_64").returncode == 0
    command = f"{mac.prefix}/bin/python -I -c 'import platform; print(platform.machine())'"
    assert mac.run(command).stdout == "x86_64\n"


STOPS = {
    "preconda": {"preconda.tar.bz2", "postconda.tar.bz2"},
    "extract": {"postconda.tar.bz2"},
    "postconda": {"postconda.tar.bz2", "bin/conda"},
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_killed_installer_leaves_its_traces(make_mac, stop):
    """A kill leaves what the real one leaves; again is refused, and `-u` completes it."""
    mac = make_mac()
    name = mac.fetch_installer()
    done = mac.run(f"SIMLAB_INSTALLER_STOP_AFTER={stop} bash {name} -b -p {mac.prefix}")
    assert done.returncode in (-9, 137)
    traces = {"preconda.tar.bz2", "postconda.tar.bz2", "bin/conda"}
    assert {one for one in traces if (mac.prefix / one).exists()} == STOPS[stop]
    for one in ("_conda", ".messages.txt", "install_tmp"):
        assert (mac.prefix / one).exists()
    assert (mac.prefix / "conda-meta/history").read_bytes() == b""
    assert mac.run(f"bash {name} -b -p {mac.prefix}").returncode == 1
    assert mac.run(f"bash {name} -b -u -p {mac.prefix}").returncode == 0
    assert "# update specs:" in (mac.prefix / "conda-meta/history").read_text()
    assert not (mac.prefix / "install_tmp").exists()


def test_mac_json_can_stop_it(make_mac):
    """`installer_stop_after` in mac.json stops it as well, where no environment is passed on."""
    mac = make_mac()
    path = mac.root / "mac.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "installer_stop_after": "extract"}))
    assert mac.install().returncode in (-9, 137)


def test_update_keeps_environments(make_mac):
    """`-u` over a whole install writes the base again and leaves envs/ alone."""
    mac = make_mac()
    assert mac.install().returncode == 0
    assert mac.conda(f"create -y -q -n keep {mac.channel} xz").returncode == 0
    (mac.prefix / ".condarc").write_text("channels: [mine]\n")
    assert mac.run(f"bash {mac.fetch_installer()} -b -u -p {mac.prefix}").returncode == 0
    assert (mac.prefix / ".condarc").read_text() == "channels:\n  - defaults\n"
    assert (mac.prefix / "envs/keep/conda-meta/history").is_file()


def test_it_asks_without_batch(make_mac):
    """Without `-b` it asks for the license, warns of the arch, and takes silence for a no."""
    mac = make_mac("x86_64", "12.7")
    name = mac.fetch_installer("arm64")
    done = mac.run(f"bash {name} -p {mac.prefix} </dev/null")
    assert done.returncode == 2
    assert "does not appear to be arm64" in done.stderr
    assert not mac.prefix.exists()


def test_the_bare_environment_is_enough(arm_mac):
    """What is installed runs with nothing but HOME in the environment."""
    done = macs.run(arm_mac.root, f"env -i HOME=$HOME {arm_mac.prefix}/bin/conda --version")
    assert done.stdout == "conda 26.5.3\n"


def test_miniforge_has_conda_forge_and_asks_for_no_terms(make_mac):
    """Its base takes packages from conda-forge, and lacks the plugin that asks for terms."""
    mac = make_mac("arm64", "11.7")
    assert mac.install("miniforge-arm64").returncode == 0
    assert (mac.prefix / ".condarc").read_text() == "channels:\n  - conda-forge\n"
    assert mac.conda("--version").stdout == "conda 26.3.2\n"
    added = f"-c {mac.depot.channel.as_uri()}"
    done = mac.conda(f"create -y -q --dry-run -n new --override-channels -c defaults {added} xz")
    assert "CondaToSNonInteractiveError" not in done.stderr


def test_a_prefix_that_was_moved_does_not_run(make_mac):
    """Its programs name the python that they were installed with, by its path."""
    mac = make_mac()
    assert mac.install().returncode == 0
    mac.prefix.rename(mac.home / "moved")
    done = mac.run("moved/bin/conda --version")
    assert done.returncode == 126
    assert f"{mac.prefix}/bin/python: bad interpreter" in done.stderr


def test_the_installer_runs_by_the_macs_own_bash(make_mac):
    """Who starts it by /bin/bash, which is this machine's, gets the one on the Mac's PATH."""
    mac = make_mac()
    own = mac.root / "bin" / "bash"
    program = own.resolve()
    own.unlink()
    own.write_text(f'#!/bin/sh\necho own >&2\nexec {program} "$@"\n')
    own.chmod(0o755)
    done = mac.run(f"/bin/bash {mac.fetch_installer()} -h")
    assert (done.returncode, done.stderr) == (2, "own\n")

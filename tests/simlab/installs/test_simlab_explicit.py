"""The stand-in's manners with explicit files, as they were measured on real conda 26.7."""

from __future__ import annotations

import hashlib
import json

import pytest
from told import failure, names

# Explicit files.


def test_explicit_file_prints_no_json(arm_mac, explicit):
    """`--json` prints nothing at all for an explicit file."""
    done = arm_mac.conda(
        f"create -y --json -p {arm_mac.home}/quiet {arm_mac.channel} --file {explicit('xz-5.8.1')}"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert names(arm_mac.home / "quiet") == {"xz-5.8.1"}  # and asks nothing of its dependencies


def test_hash_of_a_file_url_is_not_checked(arm_mac, archive, tmp_path):
    """A wrong sha256 behind a file:// URL is not looked at."""
    file = tmp_path / "explicit.txt"
    url = archive("bzip2-1.0.8").as_uri()
    file.write_text(f"@EXPLICIT\n{url}#sha256:{'0' * 64}\n", encoding="utf-8")
    assert (
        arm_mac.conda(f"create -y -q -n unchecked {arm_mac.channel} --file {file}").returncode == 0
    )
    assert names(arm_mac.prefix / "envs/unchecked") == {"bzip2-1.0.8"}


def test_hash_is_checked_over_http_unless_cached(arm_mac, archive, explicit, served):
    """Over HTTP a wrong hash ends with status 1 and no environment; a cached archive is trusted."""
    path = archive("rhash-1.4.6")
    url = f"{served}/osx-arm64/{path.name}"
    right, wrong = hashlib.sha256(path.read_bytes()).hexdigest(), "0" * 64
    create = (
        f"create -y -q -n hashed {arm_mac.channel} --file {explicit(lines=(f'{url}#{wrong}',))}"
    )
    done = arm_mac.conda(create)
    assert done.returncode == 1
    assert "ChecksumMismatchError" in done.stderr
    assert not (arm_mac.prefix / "envs/hashed").exists()
    good = explicit(lines=(f"{url}#sha256:{right}",))
    assert arm_mac.conda(f"create -y -q -n hashed {arm_mac.channel} --file {good}").returncode == 0
    explicit(lines=(f"{url}#{wrong}",))
    assert arm_mac.conda(create).returncode == 0


def test_wrong_subdir_is_installed_without_a_word(arm_mac, archive, explicit):
    """A package for Intel goes into an arm64 environment; nobody looks at its subdir."""
    intel = archive("zstd-1.5.7", "osx-64").as_uri()
    done = arm_mac.conda(
        f"create -y -q -n strange {arm_mac.channel} --file {explicit(lines=(intel,))}"
    )
    assert (done.returncode, done.stderr) == (0, "")
    (record,) = (arm_mac.prefix / "envs/strange/conda-meta").glob("zstd-*.json")
    assert json.loads(record.read_text(encoding="utf-8"))["subdir"] == "osx-64"


def test_explicit_file_only_adds(arm_mac, explicit):
    """What the file does not name stays, and a deleted file of what it names stays deleted."""
    prefix = arm_mac.prefix / "envs/adding"
    file = explicit("xz-5.8.1", "libuv-1.51.0")
    made = arm_mac.conda(f"create -y -q -n adding {arm_mac.channel} --file {file}")
    assert made.returncode == 0
    (prefix / "bin/xz").unlink()
    again = arm_mac.conda(
        f"install -y -q -n adding {arm_mac.channel} --file {explicit('xz-5.8.1')}"
    )
    assert again.returncode == 0
    assert names(prefix) == {"xz-5.8.1", "libuv-1.51.0"}
    assert not (prefix / "bin/xz").exists()
    assert (prefix / "conda-meta/history").read_text(encoding="utf-8").count("==>") == 2


def test_explicit_dry_run_installs_nothing(arm_mac, explicit):
    """`--dry-run` with an explicit file shows no actions and makes no environment."""
    done = arm_mac.conda(
        f"create -y --json --dry-run -n dry {arm_mac.channel} --file {explicit('xz-5.8.1')}"
    )
    assert "LINK" not in done.stdout
    assert not (arm_mac.prefix / "envs/dry").exists()


def test_history_pins_what_was_explicit(arm_mac, explicit):
    """An explicit file pins each package to its build, until the history says otherwise."""
    prefix = arm_mac.prefix / "envs/pinned"
    create = (
        f"create -y -q -n pinned {arm_mac.channel} --file {explicit('xz-5.8.1', 'liblzma-5.8.1')}"
    )
    assert arm_mac.conda(create).returncode == 0
    history = prefix / "conda-meta/history"
    assert "xz==5.8.1=" in history.read_text(encoding="utf-8")
    install = f"install -y --json -n pinned {arm_mac.channel} liblzma=5.8.2"
    assert failure(arm_mac.conda(install)) == "UnsatisfiableError"
    assert names(prefix) == {"xz-5.8.1", "liblzma-5.8.1"}
    with history.open("a", encoding="utf-8") as file:
        file.write('# remove specs: ["xz", "liblzma"]\n# update specs: ["xz"]\n')
    assert arm_mac.conda(install).returncode == 0
    assert names(prefix) == {"xz-5.8.2", "liblzma-5.8.2"}


@pytest.mark.parametrize("text", ["xz-5.8.1.conda", "file:///nowhere/xz-5.8.1-h0_0.conda"])
def test_explicit_file_that_names_nothing(arm_mac, tmp_path, text):
    """A line that is not a URL, or a URL of nothing, is status 1 and makes no environment."""
    file = tmp_path / "explicit.txt"
    file.write_text(f"@EXPLICIT\n{text}\n", encoding="utf-8")
    assert arm_mac.conda(f"create -y -q -n nothing {arm_mac.channel} --file {file}").returncode == 1
    assert not (arm_mac.prefix / "envs/nothing").exists()

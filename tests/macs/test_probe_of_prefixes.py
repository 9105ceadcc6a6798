"""What the probe makes of a prefix, in every state that somebody may have left one in."""

from __future__ import annotations

import os

import pytest
from probed import NOBODY, SHELLS, answer, build, read, whole, write

from simlab import macs
from torchard.mac import probe


@pytest.mark.parametrize(
    ("arch", "macos", "rosetta"),
    [("arm64", "15.1", False), ("arm64", "13.6.1", True), ("x86_64", "12.7", False)],
)
def test_a_mac_without_miniconda_is_a_valid_state(tmp_path, arch, macos, rosetta):
    """The hardware's arch is reported even where the shell runs under Rosetta."""
    root = build(tmp_path, arch, macos, rosetta=rosetta)
    state = read(root, SYSTEM_VERSION_COMPAT="1")
    assert (state.arch, state.macos, state.translated) == (arch, macos, rosetta)
    assert (state.home, state.user) == (str(root / "home"), macs.user())
    assert (state.prefix, state.prefix_state) == (f"{root}/home/miniconda3", "absent")
    assert (state.prefix_arch, state.prefix_ours, state.conda_version) == (None, None, None)
    assert (state.links, state.environments, state.depot, state.lock) == ({}, {}, {}, None)
    assert {one.state for one in state.shell_files.values()} == {"absent"}


def test_the_free_disk_and_the_clock_are_reported(root):
    """Bytes of the volume of the home, whatever the volume is called."""
    macs.change(root, fault={"disk_free": 7 * 1024**3})
    state = probe.parse(answer(root, SHELLS[0]).decode().splitlines())
    assert state.free == 7 * 1024**3
    assert state.clock > 1_700_000_000
    df = root / "bin/df"
    df.write_text(
        "#!/bin/sh\necho 'Filesystem 1024-blocks Used Available Capacity Mounted on'\n"
        "echo '//us@server/Our homes 1000 400 600 40% /System/Volumes/Our 99% homes'\n"
    )
    for shell in SHELLS:
        assert probe.parse(answer(root, shell).decode().splitlines()).free == 600 * 1024


def test_a_prefix_is_read_wherever_the_lab_wants_it(root):
    """`~` stands for the home, also by itself; an absolute prefix is taken as it is."""
    whole(root / "home")
    whole(root / "opt/conda")
    for prefix, path in (("~", root / "home"), (f"{root}/opt/conda", root / "opt/conda")):
        state = read(root, prefix=prefix)
        assert (state.prefix, state.prefix_state) == (str(path), "whole")


@pytest.mark.parametrize(("subdir", "arch"), [("osx-arm64", "arm64"), ("osx-64", "x86_64")])
def test_a_persons_own_miniconda_is_whole_and_not_ours(root, subdir, arch):
    """Whole by conda's own signs; its arch is its python's, which may not be the hardware's."""
    whole(root / "home/miniconda3", subdir)
    state = read(root)
    assert (state.prefix_state, state.prefix_ours) == ("whole", None)
    assert (state.prefix_arch, state.conda_version) == (arch, "26.5.3")


def test_a_miniconda_that_torchard_installed_carries_its_mark(root):
    """The mark is read as JSON."""
    prefix = whole(root / "home/miniconda3")
    write(prefix / ".torchard.json", '{"format": 1}\n')
    assert read(root).prefix_ours == {"format": 1}


def test_a_prefix_may_be_a_link_to_a_whole_miniconda(root):
    """A person may keep it on another volume."""
    whole(root / "home/elsewhere")
    (root / "home/miniconda3").symlink_to("elsewhere")
    assert read(root).prefix_state == "whole"


@pytest.mark.parametrize(
    "sign", [".messages.txt", "install_tmp/", "preconda.tar.bz2", "postconda.tar.bz2"]
)
def test_each_sign_of_an_interrupted_installer_means_half(root, sign):
    """However whole the rest looks."""
    prefix = whole(root / "home/miniconda3")
    if sign.endswith("/"):
        (prefix / sign).mkdir()
    else:
        write(prefix / sign)
    assert read(root).prefix_state == "half"


@pytest.mark.parametrize("left", ["", "_conda", "conda-meta/", "conda-meta/history"])
def test_what_an_installer_leaves_when_it_is_killed_early_means_half(root, left):
    """An empty directory, the program without a payload, an empty history."""
    prefix = root / "home/miniconda3"
    prefix.mkdir()
    if left.endswith("/"):
        (prefix / left).mkdir()
    elif left:
        write(prefix / left)
    assert read(root).prefix_state == "half"


@pytest.mark.parametrize(("lost", "mark"), [("conda", True), ("python", True), ("python", False)])
def test_a_miniconda_that_cannot_run_is_half(root, lost, mark):
    """It is a Miniconda by its conda, or ours by its mark."""
    prefix = whole(root / "home/miniconda3")
    if mark:
        write(prefix / ".torchard.json", "{}")
    (prefix / "bin" / lost).unlink()
    assert read(root).prefix_state == "half"


def _a_directory(prefix):
    write(prefix / "thesis.tex")


def _a_file(prefix):
    write(prefix)


def _a_dangling_link(prefix):
    prefix.symlink_to("/Volumes/Gone/miniconda3")


def _a_link_to_an_empty_directory(prefix):
    (prefix.parent / "elsewhere").mkdir()
    prefix.symlink_to("elsewhere")


def _a_link_to_a_half_installed_one(prefix):
    write(prefix.parent / "elsewhere/.messages.txt")
    prefix.symlink_to("elsewhere")


def _an_environment_without_conda(prefix):
    (whole(prefix) / "bin/conda").unlink()


@pytest.mark.parametrize(
    "prepare",
    [
        _a_directory,
        _a_file,
        _a_dangling_link,
        _a_link_to_an_empty_directory,
        _a_link_to_a_half_installed_one,
        _an_environment_without_conda,
    ],
)
def test_what_no_installer_leaves_is_foreign(root, prepare):
    """Half is set aside, so what may be a person's must never count as half."""
    prepare(root / "home/miniconda3")
    assert read(root).prefix_state == "foreign"


def test_an_unreadable_directory_never_counts_as_empty(strangers):
    """What cannot be looked into is foreign, and is not set aside."""
    user = NOBODY if os.geteuid() == 0 else None
    prefix = strangers / "home/miniconda3"
    write(prefix / "thesis.tex")
    prefix.chmod(0o000)
    assert read(strangers, user=user).prefix_state == "foreign"


def test_what_the_account_may_not_write_to_is_named(strangers):
    """The nearest directory that is there: for the prefix, and for the environments."""
    user = NOBODY if os.geteuid() == 0 else None
    home = strangers / "home"
    write(strangers / "opt/x").parent.chmod(0o755 if user else 0o555)
    home.chmod(0o777)
    state = read(strangers, user=user, prefix=f"{strangers}/opt/deep/miniconda3")
    assert state.unwritable == (f"{strangers}/opt",)
    assert read(strangers, user=user).unwritable == ()
    whole(strangers / "opt")
    (strangers / "opt/envs").mkdir()
    (strangers / "opt/envs").chmod(0o777)
    assert read(strangers, user=user, prefix=f"{strangers}/opt").unwritable == ()
    (strangers / "opt/envs").chmod(0o555)
    home.chmod(0o555)
    state = read(strangers, user=user, prefix=f"{strangers}/opt")
    assert state.unwritable == (f"{strangers}/opt/envs", str(home))
    home.chmod(0o755)

"""What people keep on other volumes, and what macOS itself leaves in folders there."""

from __future__ import annotations

from pathlib import Path

import on_a_mac
import pytest
import shells
from on_a_mac import locked
from probed import build, dist, generation, only, read, record, whole, write

from torchard.mac import probe

APPLEDOUBLE = b"\0\5\26\7\0\2\0\0Mac OS X        " + b"\0\2\0\0\0\t\0\0\x002\0\0\0\xb0"


@pytest.fixture
def root(tmp_path):
    """A Mac with nothing on it."""
    return build(tmp_path, "arm64", "15.1")


@pytest.mark.parametrize(
    ("link", "target", "prefix"),
    [
        ("miniconda3", "/Volumes/Data 1/miniconda3", "~/miniconda3"),
        ("conda", "/Volumes/Data 1", "~/conda/miniconda3"),
        ("miniconda3", "there", "~/miniconda3"),
        (None, None, "/Volumes/Data 1/miniconda3"),
        (".torchard", "/Volumes/Data 1/torchard", "~/miniconda3"),
    ],
)
def test_a_volume_that_is_not_mounted_is_named(root, link, target, prefix):
    """Behind a link of a person's, behind two, or in the path itself."""
    if target == "there":
        (root / "home/there").symlink_to("/Volumes/Data 1/miniconda3")
    if link is not None:
        (root / "home" / link).symlink_to(target)
    assert read(root, prefix=prefix).unmounted == ("/Volumes/Data 1",)


def test_a_link_that_leads_nowhere_else_needs_no_volume(root):
    """Nor do links that lead to each other."""
    (root / "home/miniconda3").symlink_to("/Users/gone/miniconda3")
    (root / "home/.torchard").symlink_to("loop")
    (root / "home/loop").symlink_to(".torchard")
    state = read(root)
    assert (state.prefix_state, state.unmounted) == ("foreign", ())


def test_a_folder_that_macos_guards_differs_from_one_that_is_open(root):
    """By listing it: its mode says nothing. A volume of another name is not asked."""
    folder = root / "home/Documents"
    folder.mkdir()
    assert read(root, prefix="~/Documents/conda").guarded == (str(folder), True)
    assert read(root, prefix="~/Documents2/conda").guarded is None
    (root / "bin/ls").rename(root / "bin/ls-itself")
    tool = write(
        root / "bin/ls",
        f'#!/bin/sh\n[ "$*" != "{folder}" ] || {{ echo "ls: $*: Operation not permitted" >&2;'
        f' exit 1; }}\nexec "{root}/bin/ls-itself" "$@"\n',
    )
    tool.chmod(0o755)
    assert read(root, prefix="~/Documents/conda").guarded == (str(folder), False)
    assert read(root).guarded is None


def test_a_folder_with_nothing_but_the_finders_own_is_empty(root):
    """It may be set aside, and so it is not a person's."""
    for name in (".DS_Store", "._.DS_Store"):
        write(root / "home/miniconda3" / name)
    assert read(root).prefix_state == "half"
    write(root / "home/miniconda3/.notes")
    assert read(root).prefix_state == "foreign"


def test_appledouble_files_are_not_packages(root):
    """Neither beside records, nor beside what wheels leave; and they damage nothing."""
    path = generation(root)
    record(path, "xz-5.6-h1_0", "{}")
    record(path, "._xz-5.6-h1_0", APPLEDOUBLE)
    dist(path, "torch-2.0.dist-info")
    write(path / "lib/python3.12/site-packages/._torch-2.0.dist-info", APPLEDOUBLE)
    write(root / "home/.torchard/generations/._torch-abc", APPLEDOUBLE)
    write(root / "home/.torchard/generations/.DS_Store")
    sha256 = "0" * 64
    write(root / f"home/.torchard/depot/{sha256}")
    write(root / f"home/.torchard/depot/._{sha256}", APPLEDOUBLE)
    found = read(root)
    one = only(found)
    assert [two.name for two in one.conda] == ["xz"]
    assert [two.name for two in one.dists] == ["torch"]
    assert not one.damaged
    assert found.depot == {sha256: 0}


def test_appledouble_files_are_not_environments(root):
    """Not even where a prefix lies on such a volume."""
    prefix = whole(root / "home/miniconda3")
    for name in ("._torch", ".DS_Store"):
        write(prefix / "envs" / name, APPLEDOUBLE)
    assert read(root).links == {}


@pytest.fixture
def mac(tmp_path):
    """A Mac whose home is on a volume without hard links."""
    mac = on_a_mac.make(tmp_path)
    mac.tool("ln", 'case "$*" in -s*) exec /bin/ln "$@" ;; esac\necho "ln: not here" >&2; exit 1')
    yield mac
    mac.end()


def test_what_cannot_be_linked_is_copied(mac):
    """What stood there is replaced, and a copy that fails is a failure."""
    ran = mac.run(
        locked(
            'take_lock; cd "$root"; echo new >one; echo old >two; link_or_copy one two; cat two;'
            " share none three || echo failed"
        )
    )
    assert ran.stdout == "new\nfailed\n"
    assert not Path(mac.torchard, "three").exists()


def test_macos_is_asked_for_its_room_within_a_time(mac, tmp_path):
    """The home is asked about; a Mac that never answers, or has no osascript, says nothing."""
    other = on_a_mac.make(tmp_path / "other", fault={"disk_free": 4096}, purgeable=1_000_000)
    for shell in shells.THERE:
        assert other.run(probe.build_room_script(), shell=shell).stdout == "1004096\n"
    mac.tool("sleep", '[ "$1" = 20 ] && exec /bin/sleep 0.2')
    mac.tool("osascript", "echo $$; exec /bin/sleep 600")
    for shell in shells.THERE:
        ran = mac.run(probe.build_room_script(), shell=shell)
        assert ran.returncode == 0
        assert not Path("/proc", ran.stdout.strip(), "exe").exists()
    (mac.root / "bin/osascript").unlink()
    ran = mac.run(probe.build_room_script(), TORCHARD_ROOT=str(mac.root))
    assert (ran.returncode, ran.stdout) == (0, "")


def test_a_place_that_every_account_may_write_to_is_named(root):
    """The prefix and ~/.torchard; a group that may write does not count."""
    prefix, own = root / "home/miniconda3", root / "home/.torchard"
    for path, mode in ((prefix, 0o777), (own, 0o775)):
        path.mkdir()
        path.chmod(mode)
    assert read(root).world_writable == (str(prefix),)
    own.chmod(0o1777)
    assert read(root).world_writable == (str(prefix), str(own))

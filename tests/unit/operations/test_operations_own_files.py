"""What a person made in a generation is known from everything else, whatever its name."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat

import pytest
from generation_tree import SITE, build, carry, conda, look, tree, wheel, write

from torchard.operations.scripts import own_files

SETTINGS = {
    "conda-meta/state",
    "conda-meta/pinned",
    "etc/conda/activate.d/lab ü.sh",
    "etc/jupyter/mine.json",
    "share/jupyter/kernels/mine/kernel.json",
    "work/a/notebook.ipynb",
    "environment.yml",
}
REST = {
    f"{SITE}/mine.pth",
    f"{SITE}/sitecustomize.py",
    f"{SITE}/mine.egg-link",
    "lib/python3.11/site-packages/old.py",
    "bin/my-script",
    "include/mine.h",
    "conda-meta/notes.txt",
    "data/_C.so",
    "share/jupyter/lab/staging/yarn.lock",
    "venv/pyvenv.cfg",
    "venv/bin/python",
}
CACHES = {
    f"{SITE}/__pycache__/mine.cpython-312.pyc",
    f"{SITE}/torch/__pycache__/numba.nbi",
    f"{SITE}/torch/__init__.pyc",
    "work/.DS_Store",
    "work/._notebook.ipynb",
    "var/cache/fontconfig/x.cache-7",
    "conda-meta/torch-1.0-h_0.c~",
    ".torchard-failed.json",
    ".messages.txt",
}


@pytest.fixture
def path(tmp_path):
    """A generation as it was built."""
    return build(tmp_path / "torch-1")


def test_what_a_build_leaves_is_not_a_persons(path):
    """Neither are the caches of programs and of macOS."""
    for name in CACHES:
        write(path, name)
    nothing = {"count": 0, "bytes": 0, "names": []}
    assert look(path) == {"carried": nothing, "left": nothing, "unsaved": nothing}


def test_settings_and_documents_are_carried_over_and_the_rest_is_left(path):
    """The first names are those of whole folders, where all of it is a person's."""
    for name in SETTINGS | REST:
        write(path, name)
    found = look(path)
    assert (found["carried"]["count"], found["left"]["count"]) == (len(SETTINGS), len(REST))
    assert found["unsaved"]["count"] == len(SETTINGS | REST)
    assert found["carried"]["bytes"] == 5 * len(SETTINGS)
    assert set(found["carried"]["names"]) == {
        *("conda-meta/state", "conda-meta/pinned", "etc/conda/", "etc/jupyter/"),
        *("share/jupyter/", "work/", "environment.yml"),
    }
    assert "venv/" in found["left"]["names"]


def test_programs_that_work_only_there_are_left(path):
    """A `#!` line that leads into the generation, or nowhere, is dead in the next one."""
    for name, head in {
        "tools/dead": f"#!{path}/bin/python\n",
        "tools/gone": "#!/nowhere/python\n",
        "tools/binary": b"\xcf\xfa\xed\xfe",
        "tools/alive": "#!/bin/sh\n",
    }.items():
        write(path, name, head).chmod(0o755)
    assert look(path)["carried"]["count"] == 1
    carry(path.parent / "kit", path, build(path.parent / "torch-2"))
    assert tree(path.parent / "torch-2/tools") == {"alive"}


def test_an_edited_file_of_a_package_is_left(path):
    """As is an edited .condarc: the next generation has its own."""
    for name in ("etc/package.conf", f"{SITE}/torch/__init__.py", ".condarc"):
        write(path, name, "edited\n")
    found = look(path)
    assert set(found["left"]["names"]) == {
        ".condarc",
        "etc/package.conf",
        f"{SITE}/torch/",
    }
    assert found["carried"]["count"] == 0


def test_a_copy_that_lost_its_times_is_not_all_edited(path):
    """Where most times differ, only sizes count."""
    for one in path.rglob("*"):
        os.utime(one, (1, 1))
    write(path, "etc/package.conf", "edited\n")
    assert look(path)["left"]["names"] == ["etc/package.conf"]


def test_files_of_a_package_that_a_person_installed_are_the_packages(path):
    """They can be installed again; what it replaced was not edited."""
    conda(path, "zlib", "lib/libz.dylib")
    wheel(path, "cowpy", f"{SITE}/cowpy/__init__.py", f"{SITE}/torch/__init__.py")
    assert look(path)["unsaved"]["count"] == 0


def test_what_a_stopped_conda_or_pip_had_renamed_is_not_a_persons(path):
    """An editor's copy has such a name too, and so may a folder: nothing of theirs was there."""
    (path / "bin/python").rename(path / "bin/python.c~")
    (path / "etc/package.conf").rename(path / "etc/package.conf.conda_trash")
    for name in ("torch", "torch-1.0.dist-info"):
        (path / SITE / name).rename(path / SITE / f"~{name[1:]}")
    assert look(path)["unsaved"]["count"] == 0
    mine = ("work/main.c~", f"{SITE}/~old/mine.py", f"{SITE}/~orch/mine.py")
    for name in mine:
        write(path, name)
    assert look(path)["unsaved"]["count"] == 3
    write(path, f"{SITE}/~orch/__init__.py", "edited\n")
    assert look(path)["unsaved"]["count"] == 4


def test_without_its_list_the_records_decide(path):
    """What only the build knew is then a person's: nothing is lost."""
    (path / ".torchard-built").write_bytes(b"broken")
    write(path, "work/notebook.ipynb")
    assert look(path)["unsaved"]["names"] == [".condarc", "etc/fonts/", "work/"]


def test_hostile_names_and_files_hold_nothing_up(path, monkeypatch):
    """Names are cut and coded, no fifo is opened, and no link is followed."""
    outside = write(path.parent, "outside/secret")
    write(path, "work/line\nbreak\x1b]0;title\a")
    write(path, b"work/\xff\xfe.txt".decode("utf-8", "surrogateescape"))
    write(path, f"long/{'n' * 250}")
    os.mkfifo(path / "work/fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(path / "work")  # its path may be too long for a socket
        listening.bind("socket")
    (path / "out").symlink_to(outside.parent)
    (path / "into").symlink_to(path / "bin")
    (path / "loop").symlink_to("loop")
    closed = path / "closed"
    write(closed, "diary.txt")
    closed.chmod(0)
    try:
        found = look(path)
    finally:
        closed.chmod(0o700)
    # out, loop, the long name and the two odd ones are carried; root may read what is closed.
    assert found["carried"]["count"] in {5, 6}
    assert all(len(name) <= 200 for name in found["carried"]["names"])
    assert not any("secret" in name for name in str(found))
    new = build(path.parent / "torch-2")
    carry(path.parent / "kit", path, new)
    assert (new / "out").readlink() == outside.parent
    names = {os.fsencode(one.name) for one in (new / "work").iterdir()}
    assert names == {b"line\nbreak\x1b]0;title\a", b"\xff\xfe.txt"}
    assert (new / "long" / ("n" * 250)).read_text() == "text\n"


def test_a_thousand_files_are_ten_names(path):
    """However much a person made, the answer stays small."""
    for number in range(1000):
        write(path, f"etc/conda/activate.d/{number:04}.sh")
        write(path, f"bin/{number}/{'x' * 200}")
    found = look(path)
    assert (found["carried"]["count"], found["left"]["count"]) == (1000, 1000)
    assert found["carried"]["names"] == ["etc/conda/"]
    assert len(found["left"]["names"]) == 10
    assert len(str(found)) < 6000


def test_a_copy_keeps_modes_and_times_and_is_not_kept_twice(path):
    """What the next generation got is not asked for again; what changed since is."""
    write(path, "conda-meta/state", "token\n").chmod(0o600)
    write(path, "work/large.bin", b"x" * 3_000_000)
    (path / "work").chmod(0o750)
    new = build(path.parent / "torch-2")
    carry(path.parent / "kit", path, new)
    state, before = (new / "conda-meta/state").stat(), (path / "conda-meta/state").stat()
    assert stat.S_IMODE(state.st_mode) == 0o600
    assert state.st_mtime_ns // 1000 == before.st_mtime_ns // 1000
    assert (new / "work/large.bin").read_bytes() == b"x" * 3_000_000
    assert stat.S_IMODE((new / "work").stat().st_mode) == 0o750
    assert look(path, new)["unsaved"]["count"] == 0
    (new / "conda-meta/state").unlink()  # a person does not want it any more
    write(new, "work/large.bin", "edited")
    assert look(path, new)["unsaved"]["count"] == 0
    write(path, "work/large.bin", "edited in the old one")
    assert look(path, new)["unsaved"]["names"] == ["work/"]


def test_nothing_of_the_next_generation_is_replaced(path):
    """A link in it that leads out is not followed."""
    new = build(path.parent / "torch-2")
    outside = path.parent / "outside"
    outside.mkdir()
    (new / "work").symlink_to(outside)
    write(new, "conda-meta/pinned", "numpy <2\n")
    for name in ("work/notebook.ipynb", "conda-meta/pinned", "etc/fonts/made-by-a-person"):
        write(path, name)
    assert look(path, after=new)["carried"]["count"] == 2
    carry(path.parent / "kit", path, new)
    assert list(outside.iterdir()) == []
    assert (new / "conda-meta/pinned").read_text() == "numpy <2\n"
    assert (new / "etc/fonts/made-by-a-person").exists()
    assert set(look(path, new)["unsaved"]["names"]) == {"work/", "conda-meta/pinned"}


def test_a_persons_kernel_starts_the_environments_python(path):
    """Ipykernel writes the path of the old generation if its python ran by that path."""
    kernel = write(
        path,
        "share/jupyter/kernels/mine/kernel.json",
        f'{{"argv": ["{path}/bin/python", "-m", "ipykernel_launcher"]}}',
    )
    new = build(path.parent / "torch-2")
    carry(path.parent / "kit", path, new, "/Users/ada/miniconda3/envs/torch")
    text = (new / "share/jupyter/kernels/mine/kernel.json").read_text()
    assert text.startswith('{"argv": ["/Users/ada/miniconda3/envs/torch/bin/python", "-m"')
    assert str(path) in kernel.read_text()
    assert look(path, new)["unsaved"]["count"] == 0


def test_what_a_killed_run_staged_is_used_up(path):
    """The next run copies the rest, and leaves no trace of the first."""
    new = build(path.parent / "torch-2")
    write(new, ".torchard-carrying/notebook.ipynb", "half")
    write(path, "work/notebook.ipynb")
    carry(path.parent / "kit", path, new)
    assert (new / "work/notebook.ipynb").read_text() == "text\n"
    assert not (new / ".torchard-carrying").exists()


def test_settings_of_another_environment_are_not_carried(path):
    """The link may have led to another environment's generation."""
    other = build(path.parent / "other-1", "other")
    write(other, "work/notebook.ipynb")
    carry(path.parent / "kit", other, path)
    assert not (path / "work").exists()


def test_a_link_that_leads_elsewhere_now_is_a_persons(path):
    """And a link in the place of a package's file."""
    (path / "etc/package.conf").unlink()
    (path / "etc/package.conf").symlink_to("/Volumes/data/package.conf")
    assert look(path)["unsaved"]["names"] == ["etc/package.conf"]


def test_an_edited_file_of_a_package_that_a_person_installed_is_theirs(path):
    """Installing it again would not bring it back; its size or its time shows the edit."""
    for name in ("cowpy", "dogpy"):
        wheel(path, name, f"{SITE}/{name}/__init__.py")
        for one in (path / SITE).glob(f"{name}*/*"):
            os.utime(one, (10**9, 10**9))
    write(path, f"{SITE}/cowpy/__init__.py", "edited\n")
    assert look(path)["unsaved"]["names"] == [f"{SITE}/cowpy/"]


def test_without_its_list_an_edit_shows_by_its_time(path):
    """The records of the packages are older."""
    (path / ".torchard-built").write_bytes(b"broken")
    write(path, "etc/package.conf", "edited\n")
    assert look(path)["unsaved"]["names"] == [".condarc", "etc/"]


def test_the_same_size_and_time_make_no_copy(path):
    """Another environment may have another file of that name."""
    other = build(path.parent / "other", "other")
    for root, text in ((path, "mine\n"), (other, "ours\n")):
        os.utime(write(root, "work/notes.txt", text), (10**9, 10**9))
    assert look(path, other)["unsaved"]["names"] == ["work/"]
    write(other, "work/notes.txt", "mine\n")
    os.utime(other / "work/notes.txt", (10**9, 10**9))
    assert look(path, other)["unsaved"]["count"] == 0


def test_what_cannot_be_looked_at_is_a_persons(path, monkeypatch):
    """Only what does not exist is gone: a broken disk has other errors."""
    write(path, "work/thesis.txt")
    write(path, "work/gone.txt")

    class Entry:
        def __init__(self, entry):
            self.name, self.entry = entry.name, entry

        def stat(self, *, follow_symlinks):
            if self.name == "thesis.txt":
                raise OSError(errno.EIO, "Input/output error")
            if self.name == "gone.txt":
                raise FileNotFoundError
            return self.entry.stat(follow_symlinks=follow_symlinks)

    @contextlib.contextmanager
    def scandir(folder):
        with listing(folder) as entries:
            yield [Entry(one) for one in entries]

    listing = os.scandir
    monkeypatch.setattr(own_files.os, "scandir", scandir)
    assert [one.name for one in own_files.find_own(str(path)).files] == ["work/thesis.txt"]

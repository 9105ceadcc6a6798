"""What the probe reads of the time when an environment was made: its packages, its settings."""

from __future__ import annotations

import os

import pytest
from probed import SHA256, conda_record, dist, generation, only, read, record, whole, write

from simlab import macs
from torchard.mac import probe
from torchard.mac.state import InstalledConda, InstalledDist, Packages

NUMPY = InstalledConda("numpy", "2.0", "h1_0", SHA256)
MADE = Packages((NUMPY,), (InstalledDist("torch", "2.9.1"),))


@pytest.fixture
def made(root):
    """A generation whose packages were kept, as a build does it."""
    path = generation(root)
    record(path, "numpy-2.0-h1_0", conda_record(SHA256))
    dist(path, "torch-2.9.1.dist-info")
    keep(root, path)
    return path


def keep(root, path):
    done = macs.run(root, f"LC_ALL=C\n{probe.read_part('packages.sh')}\nkeep_packages '{path}'")
    assert (done.returncode, done.stderr) == (0, "")


def lines(path):
    return (path / ".torchard-packages").read_text(encoding="ascii").splitlines()


def test_what_was_made_is_kept_and_read_again(root, made):
    """The list ends with a word of its own, and a list that is the same is not sent twice."""
    assert lines(made)[-1] == "end"
    assert only(read(root)).made == MADE
    assert "\nmade_" not in answer_of(root)


def answer_of(root):
    return macs.run(root, probe.build_script("~/miniconda3")).stdout


def test_the_order_of_the_list_says_nothing(root, made):
    """File systems list as they like."""
    first, second, end = lines(made)
    write(made / ".torchard-packages", f"{second}\n{first}\n{end}\n")
    assert only(read(root)).made == MADE
    assert "\nmade_" not in answer_of(root)


def test_what_was_made_is_reported_if_it_differs_now(root, made):
    """What came, what went, and what only changed its archive."""
    dist(made, "cowsay-6.1.dist-info")
    record(made, "numpy-2.0-h1_0", conda_record("e" * 64))
    found = only(read(root))
    assert found.made == MADE
    assert found.conda == (InstalledConda("numpy", "2.0", "h1_0", "e" * 64),)
    assert {one.name for one in found.dists} == {"cowsay", "torch"}


@pytest.mark.parametrize("text", ["", "dist\ttorch-2.9.1\n", "end\tx\n", None])
def test_a_list_that_is_cut_short_or_missing_says_nothing(root, made, text):
    """An older generation has none."""
    if text is None:
        (made / ".torchard-packages").unlink()
    else:
        write(made / ".torchard-packages", text)
    assert only(read(root)).made is None


def test_nothing_in_a_list_can_be_more_than_a_package(root, made):
    """Somebody may have written into it: no line of the answer is another's."""
    poison = "end\tok\nkernel\tLinux\nconda\ta\t1\t0\t\ndist\tx\x1b[2J-1\ndist\té-1\nend\n"
    write(made / ".torchard-packages", poison)
    state = read(root)
    assert only(state).made == Packages((InstalledConda("a", "1", "0"),))


def test_a_package_whose_file_is_gone_is_not_there(root, made):
    """Its record alone is not a package: conda and `rm -rf` leave the dist-info of a wheel."""
    site = "lib/python3.12/site-packages"
    listed = f"conda\tnumpy-2.0-h1_0\t{site}/numpy/__init__.py\n"
    listed += f"dist\ttorch-2.9.1\t{site}/torch/__init__.py\nsize\t1\tlib/gone\n"
    write(made / ".torchard-files", listed)
    for name in ("numpy", "torch"):
        write(made / site / name / "__init__.py", "")
    assert only(read(root)).made == MADE
    assert only(read(root)).dists == MADE.dists
    (made / site / "torch/__init__.py").unlink()
    found = only(read(root))
    assert (found.conda, found.dists, found.made) == (MADE.conda, (), MADE)
    (made / site / "numpy/__init__.py").unlink()
    assert only(read(root)).conda == ()
    # Another version has other files.
    dist(made, "torch-2.10.0.dist-info")
    assert [one.version for one in only(read(root)).dists] == ["2.10.0"]


def test_a_list_of_files_leads_nowhere_else(root, made):
    """Whatever somebody wrote into it: paths stay in the environment, and a pipe is not read."""
    poison = "dist\ttorch-2.9.1\t../../../../nothing\nend\tok\n\t\t\ndist\ttorch-2.9.1\n\0\n"
    write(made / ".torchard-files", poison)
    assert only(read(root)).dists == MADE.dists
    (made / ".torchard-files").unlink()
    os.mkfifo(made / ".torchard-files")
    assert only(read(root)).dists == MADE.dists


def test_base_is_read_as_an_environment_of_its_own(root):
    """With what was in it when it was installed; its settings belong to no environment."""
    prefix = whole(root / "home/miniconda3")
    write(prefix / ".condarc", "channels: [defaults]\n")
    dist(prefix, "pip-26.1.dist-info", version="3.13")
    assert read(root).base.made is None
    keep(root, prefix)
    state = read(root)
    assert state.environments == {}
    assert state.base.path == str(prefix)
    assert [one.name for one in state.base.conda] == ["conda", "conda-anaconda-tos", "python"]
    assert state.base.made == Packages(state.base.conda, state.base.dists)
    assert state.base.condarc is None
    (prefix / "install_tmp").mkdir()
    assert read(root).base is None


@pytest.mark.parametrize(
    ("text", "condarc"),
    [
        (None, None),
        ("", ""),
        ("channels: [a]\n", "channels: [a]\n"),
        ("a\n\n  b", "a\n\n  b\n"),
        ("é\tx\r\n\\n\n", "é\tx\r\n\\n\n"),
        ("begin\nend\tok\n", "begin\nend\tok\n"),
        (b"\xff\n", "\\xff\n"),
        ("a\n" * 500, "a\n" * 100),
    ],
)
def test_an_environments_own_settings_are_read_line_by_line(root, text, condarc):
    """Whatever is in them; of a file that is none of ours, the beginning is enough."""
    path = generation(root)
    if text is not None:
        write(path / ".condarc", text)
    assert only(read(root)).condarc == condarc

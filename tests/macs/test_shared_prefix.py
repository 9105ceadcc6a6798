"""A prefix that all accounts of a Mac share: one real account owns it, and another one uses it."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from accounts import AccountLab, make_accounts
from labs import describe

from simlab import macs
from simlab.spec import MacSpec

OPEN, CLOSED = "studio-01", "studio-02"
ENVIRONMENTS = 'environments:\n  tools: {python: "3.12", pytorch: false, pip: [einops]}\n'


@pytest.fixture(scope="module")
def accounts():
    """The account that Torchard works as, and a student's."""
    yield from make_accounts("owner", "student")


@pytest.fixture
def student(accounts):
    """An account that does not own the prefix."""
    if len(accounts) == 1:
        pytest.skip("only root can make accounts")
    return accounts[1]


@pytest.fixture(scope="module")
def lab(accounts, simlab_depot):
    """Two Macs; on one of them the account needs no password for sudo. /opt is root's."""
    spec = [MacSpec(OPEN, "arm64", "15.1", sudo=True), MacSpec(CLOSED, "arm64", "15.1")]
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        with AccountLab(folder / "lab", accounts[0], spec=spec, depot=simlab_depot.root) as lab:
            settings = {}
            for name in (OPEN, CLOSED):
                root = lab.macs[name].root
                for closed in (root / "opt", root / "etc/paths.d"):
                    closed.mkdir(parents=True)
                    os.chown(closed, accounts[0].uid, accounts[0].gid)
                    closed.chmod(0o555)
                prefix = f"{root}/opt/torchard/miniconda3"
                settings[name] = f"    miniconda: {{prefix: {prefix}, shared: true}}\n"
            describe(lab, ENVIRONMENTS, {OPEN: ["tools"], CLOSED: ["tools"]}, settings)
            yield lab
    finally:
        for closed in (*folder.glob("lab/macs/*/opt"), *folder.glob("lab/macs/*/etc/paths.d")):
            closed.chmod(0o755)
        shutil.rmtree(folder)


def everything(*folders):
    return sorted(str(one) for folder in folders for one in folder.rglob("*"))


def written(root):
    return everything(root / "home", root / "opt", root / "etc")


@pytest.fixture(scope="module")
def applied(lab, torchard):
    """The Mac that has the shared prefix, and what the plan and the apply of it printed."""
    root = lab.macs[OPEN].root
    before = written(root)
    planned = torchard("plan", lab.lab_file, "--limit", OPEN)
    assert written(root) == before
    done = torchard("apply", lab.lab_file, "--limit", OPEN, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return root, planned.stdout, done.stdout


def test_the_plan_shows_what_needs_sudo_as_a_diff(applied, accounts):
    """The folder with its owner, and the file that adds conda to every PATH; then both exist."""
    root, planned, done = applied
    folder = f"{root}/opt/torchard"
    for line in (
        rf"  \+ sharing +{folder}",
        rf"      Torchard runs `sudo install -d -m 755 -o {accounts[0].name} {folder}`",
        rf"      \+owner {accounts[0].name}, mode 755",
        r"  \+ sharing +/etc/paths\.d/torchard",
        rf"      \+{folder}/miniconda3/condabin",
    ):
        assert re.search(rf"^{line}", planned, re.MULTILINE), f"{line}\n{planned}"
    assert "written" in done
    paths = root / "etc/paths.d/torchard"
    assert paths.read_text(encoding="utf-8") == f"{folder}/miniconda3/condabin\n"
    assert sorted(one.name for one in Path(folder).iterdir()) == [".torchard", "miniconda3"]


def test_only_the_owner_may_write_and_all_may_read(applied, accounts, student):
    """Each file below the folder, as find sees it with the student's own rights."""
    folder = f"{applied[0]}/opt/torchard"
    found = student.run("find", folder, "-writable", "!", "-type", "l")
    assert found.stdout == ""
    (closed,) = found.stderr.splitlines()  # what arrives is not verified yet
    assert "/.torchard/depot/incoming" in closed
    shared = (f"{folder}/miniconda3", f"{folder}/.torchard/generations")
    found = student.run("find", *shared, "!", "-type", "l", "!", "-readable")
    assert (found.stdout, found.stderr) == ("", "")
    assert Path(folder).stat().st_uid == accounts[0].uid


@pytest.fixture
def conda(applied, student):
    """Return what runs conda as the student, who finds it by the PATH of every account."""
    root = applied[0]
    home = root / "student"
    home.mkdir(exist_ok=True)
    os.chown(home, student.uid, student.gid)
    before = [*student.words(reads_all=True), "env", f"HOME={home}", f"USER={student.name}"]
    folder = (root / "etc/paths.d/torchard").read_text(encoding="utf-8").strip()

    def run(line):
        return macs.run(root, f'PATH=$PATH:{folder}; cd "$HOME" && {line}', before=before)

    return run


def test_an_account_makes_its_own_environments_in_its_home(applied, conda, lab):
    """By conda itself: Torchard writes nothing for it. The shared one is found by its name."""
    channel = f"--override-channels -c {lab.web_url}/conda/conda-forge"
    done = conda(f"conda create -y -q -n mine {channel} python=3.12 && conda info --json")
    assert done.returncode == 0, done.stderr
    assert (applied[0] / "student/.conda/envs/mine/bin/python").exists()
    info = json.loads(done.stdout[done.stdout.index("{") :])
    assert info["root_writable"] is False
    assert info["envs_dirs"][0] == f"{applied[0]}/student/.conda/envs"
    used = conda("conda run -n tools python -c 'import einops; print(einops.__name__)'")
    assert (used.stdout, used.returncode) == ("einops\n", 0), used.stderr


def test_an_account_cannot_change_a_shared_environment(applied, conda, lab):
    """Conda says that it may not write there, and nothing has changed."""
    before = everything(applied[0] / "opt/torchard/.torchard/generations")
    channel = f"--override-channels -c {lab.web_url}/conda/conda-forge"
    done = conda(f"conda install -y -q -n tools {channel} numpy")
    assert done.returncode == 1
    assert "does not have write permissions to the target environment" in done.stderr
    assert everything(applied[0] / "opt/torchard/.torchard/generations") == before


def test_every_command_finds_the_shared_environments(applied, lab, torchard):
    """Nothing is left to do; they are verified, removed, and built again without sudo."""
    lab.macs[OPEN].set(sudo=False)
    for words in (("plan",), ("status",), ("verify",), ("doctor",), ("unlock", OPEN)):
        only = ("--limit", OPEN) if len(words) == 1 else ()
        done = torchard(*words, lab.lab_file, *only)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    generations = applied[0] / "opt/torchard/.torchard/generations"
    removed = torchard("remove", "tools", lab.lab_file, "--limit", OPEN, "--yes")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert not [*generations.glob("tools-*")]
    again = torchard("apply", lab.lab_file, "--limit", OPEN, "--yes")
    assert again.returncode == 0, again.stdout + again.stderr
    assert len([*generations.glob("tools-*")]) == 1
    assert not (lab.macs[OPEN].home / ".torchard").exists()


def test_a_prefix_that_others_may_write_to_blocks_the_mac(applied, lab, torchard):
    """The reason says what to type."""
    folder = applied[0] / "opt/torchard/miniconda3/bin"
    folder.chmod(0o775)
    done = torchard("plan", lab.lab_file, "--limit", OPEN)
    folder.chmod(0o755)
    assert done.returncode == 3
    assert f"run `chmod -R go-w {folder}` on that Mac" in " ".join(done.stdout.split())


def test_a_verification_names_each_file_that_another_account_could_change(applied, lab, torchard):
    """Also deep in a generation, where no plan looks."""
    (file,) = applied[0].glob("opt/torchard/.torchard/generations/*/conda-meta/history")
    file.chmod(0o664)
    done = torchard("verify", lab.lab_file, "--limit", OPEN)
    file.chmod(0o644)
    assert done.returncode == 1
    assert f"another one than {lab.account} may change: {file};" in " ".join(done.stdout.split())


def test_without_sudo_the_plan_says_what_an_administrator_types(lab, torchard, accounts):
    """After these commands, the Mac needs no sudo at all."""
    root, owner = lab.macs[CLOSED].root, accounts[0]
    folder, command = root / "opt/torchard", f"{root}/opt/torchard/miniconda3/condabin"
    blocked = torchard("plan", lab.lab_file, "--limit", CLOSED)
    assert blocked.returncode == 3
    said = " ".join(blocked.stdout.split())
    assert f"`sudo install -d -m 755 -o {owner.name} {folder}`" in said
    assert f"`echo {command} | sudo tee /etc/paths.d/torchard`" in said
    closed = (root / "opt", root / "etc/paths.d")
    for one in closed:
        one.chmod(0o755)
    folder.mkdir()
    os.chown(folder, owner.uid, owner.gid)
    (root / "etc/paths.d/torchard").write_text(f"{command}\n", encoding="utf-8")
    for one in closed:
        one.chmod(0o555)
    planned = torchard("plan", lab.lab_file, "--limit", CLOSED)
    assert planned.returncode == 2, planned.stdout
    assert "sharing" not in planned.stdout

"""A prefix that all accounts of a Mac share: one real account owns it, and another one uses it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from accounts import AccountLab, make_accounts
from fixed_catalog import PYTHON_M
from labs import describe

from simlab import keys, macs
from simlab.spec import MacSpec

OPEN, CLOSED = "studio-01", "studio-02"
ENVIRONMENTS = """\
environments:
  tools: {python: "3.12", pytorch: false, pip: [einops, ipykernel], kernel: Lab tools}
"""
CLOSED_FOLDERS = ("opt", "etc/paths.d", "usr/local")
KERNELS = "usr/local/share/jupyter/kernels"


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
    """Two Macs; on one of them the account needs no password for sudo. Some folders are root's."""
    spec = [MacSpec(OPEN, "arm64", "15.1", sudo=True), MacSpec(CLOSED, "arm64", "15.1")]
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        with AccountLab(folder / "lab", accounts[0], spec=spec, depot=simlab_depot.root) as lab:
            settings = {}
            for name in (OPEN, CLOSED):
                root = lab.macs[name].root
                for path in CLOSED_FOLDERS:
                    closed = root / path
                    closed.mkdir(parents=True)
                    os.chown(closed, accounts[0].uid, accounts[0].gid)
                    closed.chmod(0o555)
                prefix = f"{root}/opt/torchard/miniconda3"
                settings[name] = f"    miniconda: {{prefix: {prefix}, shared: true}}\n"
            describe(lab, ENVIRONMENTS, {OPEN: ["tools"], CLOSED: ["tools"]}, settings)
            yield lab
    finally:
        for path in CLOSED_FOLDERS:
            for closed in folder.glob(f"lab/macs/*/{path}"):
                closed.chmod(0o755)
        shutil.rmtree(folder)


def everything(*folders):
    return sorted(str(one) for folder in folders for one in folder.rglob("*"))


def written(root):
    return everything(root / "home", root / "opt", root / "etc", root / "usr/local")


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
    """Two folders with their owner, and the file that adds conda to every PATH; then all exist."""
    root, planned, done = applied
    folder = f"{root}/opt/torchard"
    for line in (
        rf"  \+ sharing +{folder}",
        rf"      Torchard runs `sudo install -d -m 755 -o {accounts[0].name} {folder}`",
        rf"      \+owner {accounts[0].name}, mode 755",
        rf"  \+ sharing +/{KERNELS}",
        rf"      Torchard runs `sudo install -d -m 755 -o {accounts[0].name} /{KERNELS}`",
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
    shared = (f"{folder}/miniconda3", f"{folder}/.torchard/generations", f"{applied[0]}/usr/local")
    found = student.run("find", *shared, "!", "-type", "l", "!", "-readable")
    assert (found.stdout, found.stderr) == ("", "")
    found = student.run("find", f"{applied[0]}/usr/local", "-writable")
    assert (found.stdout, found.stderr) == ("", "")
    assert Path(folder).stat().st_uid == accounts[0].uid


def log_in(root, account):
    """Return what runs commands as an account, whose PATH has conda as macOS adds it."""
    home = root / "student"
    home.mkdir(exist_ok=True)
    os.chown(home, account.uid, account.gid)
    before = [*account.words(reads_all=True), "env", f"HOME={home}", f"USER={account.name}"]
    folder = (root / "etc/paths.d/torchard").read_text(encoding="utf-8").strip()

    def run(line):
        return macs.run(root, f'PATH=$PATH:{folder}; cd "$HOME" && {line}', before=before)

    return run


@pytest.fixture
def conda(applied, student):
    """Return what runs conda as the student."""
    return log_in(applied[0], student)


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


def read_kernel(root):
    """Return the kernel of `tools` as Jupyter of every account reads it."""
    return json.loads((root / KERNELS / "torchard-tools/kernel.json").read_text(encoding="utf-8"))


@pytest.fixture
def kernel(applied, accounts):
    """Return what runs code by the python of the kernel, as another account if there is one."""
    typed = log_in(applied[0], accounts[-1])

    def run(code):
        python, *rest = read_kernel(applied[0])["argv"]
        assert rest[:2] == ["-m", "ipykernel_launcher"]
        return typed(f"{python} -c '{code}'")

    return run


def test_jupyter_of_every_account_offers_the_environment(applied, kernel, lab):
    """From the folder of the system; the account's own folder has no kernel."""
    assert read_kernel(applied[0])["display_name"] == "Lab tools"
    done = kernel("import einops, ipykernel; print(einops.__name__)")
    assert (done.stdout, done.returncode) == ("einops\n", 0), done.stderr
    assert not list(lab.macs[OPEN].home.rglob("torchard-tools"))


def change_lab(lab, old, new):
    text = lab.lab_file.read_text(encoding="utf-8")
    assert old in text
    lab.lab_file.write_text(text.replace(old, new), encoding="utf-8")


def apply(torchard, lab):
    done = torchard("apply", lab.lab_file, "--limit", OPEN, "--yes")
    return done.returncode, done.stdout + done.stderr


def test_an_update_that_was_stopped_is_repaired_without_sudo(applied, kernel, lab, torchard):
    """The build was killed; the old generation stays active. The kernel is written only once."""
    root, mac = applied[0], lab.macs[OPEN]
    mac.set(sudo=False)
    file = root / KERNELS / "torchard-tools/kernel.json"
    before, tool = file.stat(), root / "bin/caffeinate"
    whole = tool.read_text(encoding="utf-8")
    change_lab(lab, "pip: [einops", "pip: [pytz, einops")
    tool.write_text(
        f"""#!/bin/sh
case " $* " in *install_wheels*)
  read -r run <'{root}/opt/torchard/.torchard/lock/running'; kill -9 "-$run"; kill -9 0 ;;
esac
{whole}""",
        encoding="utf-8",
    )
    try:
        code, printed = apply(torchard, lab)
    finally:
        tool.write_text(whole, encoding="utf-8")
    assert code == 1, printed
    assert kernel("import pytz").returncode == 1
    code, printed = apply(torchard, lab)
    assert code == 0, printed
    assert kernel("import pytz").returncode == 0
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    names = [one.name for one in (root / "opt/torchard/.torchard/generations").iterdir()]
    assert len([name for name in names if re.fullmatch("tools-[0-9a-f]{8}", name)]) == 2, names


def test_every_command_finds_the_shared_environments(applied, lab, torchard):
    """Nothing is left to do, and nothing is in the home."""
    for words in (("plan",), ("status",), ("verify",), ("doctor",), ("unlock", OPEN)):
        only = ("--limit", OPEN) if len(words) == 1 else ()
        done = torchard(*words, lab.lab_file, *only)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert not (lab.macs[OPEN].home / ".torchard").exists()


def test_the_suite_for_testinfra_passes(applied, lab, tmp_path):
    """It finds the links and the generations where the accounts share them."""
    words = ["-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-k", OPEN]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--torchard-lab", lab.lab_file],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d passed", done.stdout, re.MULTILINE), done.stdout


def test_a_rollback_changes_what_every_account_runs(applied, kernel, lab, torchard):
    """The kernel starts the generation before, because it names the link."""
    done = torchard("rollback", "tools", lab.lab_file, "--limit", OPEN, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert kernel("import pytz").returncode == 1
    assert kernel("import einops").returncode == 0


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
    file, *_ = applied[0].glob("opt/torchard/.torchard/generations/*/conda-meta/history")
    file.chmod(0o664)
    done = torchard("verify", lab.lab_file, "--limit", OPEN)
    file.chmod(0o644)
    assert done.returncode == 1
    assert f"another one than {lab.account} may change: {file};" in " ".join(done.stdout.split())


def test_a_kernel_that_others_may_change_blocks_the_mac(applied, lab, torchard):
    """And one that a person put there instead is neither changed nor removed."""
    file = applied[0] / KERNELS / "torchard-tools/kernel.json"
    file.chmod(0o666)
    done = torchard("status", lab.lab_file, "--limit", OPEN)
    assert f"run `sudo chmod go-w /{KERNELS}/torchard-tools/kernel.json`" in " ".join(
        done.stdout.split()
    )
    file.chmod(0o644)
    ours = file.read_text(encoding="utf-8")
    file.write_text('{"argv": ["python"]}', encoding="utf-8")
    done = torchard("plan", lab.lab_file, "--limit", OPEN)
    assert done.returncode == 3
    assert "is a Jupyter kernel that Torchard did not make" in " ".join(done.stdout.split())
    file.write_text(ours, encoding="utf-8")


DEPLOY = """
from torchard.api import environment, miniconda

miniconda({prefix!r}, accept_license=True, shared=True, mirrors={mirrors!r})
environment("own", python="3.12", pytorch=False, conda=["rhash"], prefix={prefix!r})
"""


def test_a_deploy_without_a_lab_builds_beside_the_prefix(applied, lab, torchard, tmp_path):
    """And `torchard remove` takes that environment off again; the other one stays."""
    root, mac = applied[0], lab.macs[OPEN]
    prefix = root / "opt/torchard/miniconda3"
    groups = yaml.safe_load(lab.lab_file.read_text(encoding="utf-8"))["groups"]
    deploy = DEPLOY.format(prefix=str(prefix), mirrors=groups["simulated"]["mirrors"])
    (tmp_path / "deploy.py").write_text(deploy, encoding="utf-8")
    host_key = (root / f"{keys.HOST_KEY}.pub").read_text(encoding="utf-8")
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{mac.port} {host_key}", encoding="utf-8")
    data = {
        "ssh_hostname": "127.0.0.1",
        "ssh_port": mac.port,
        "ssh_user": lab.account,
        "ssh_key": str(lab.directory / "id_ed25519"),
        "ssh_known_hosts_file": str(tmp_path / "known_hosts"),
        "ssh_strict_host_key_checking": "yes",
    }
    (tmp_path / "inventory.py").write_text(f"macs = [({OPEN!r}, {data!r})]\n", encoding="utf-8")
    done = subprocess.run(
        [*PYTHON_M, "pyinfra", "inventory.py", "deploy.py", "-y"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    generation = (prefix / "envs/own").readlink()
    assert generation.parent == root / "opt/torchard/.torchard/generations"
    removed = torchard("remove", "own", lab.lab_file, "--limit", OPEN, "--yes")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert not generation.exists()
    assert sorted(one.name for one in (prefix / "envs").glob("[!.]*")) == ["tools"]


def test_a_prune_removes_the_environment_and_its_kernel(applied, lab, torchard):
    """The folders that root made stay, and nothing else is left to do."""
    root = applied[0]
    change_lab(lab, f"  {OPEN}:\n    environments: [tools]\n", f"  {OPEN}:\n    prune: true\n")
    planned = torchard("plan", lab.lab_file, "--limit", OPEN)
    assert re.search(rf"^  - kernel +/{KERNELS}/torchard-tools/", planned.stdout, re.MULTILINE)
    code, printed = apply(torchard, lab)
    assert code == 0, printed
    assert list((root / KERNELS).iterdir()) == []
    assert not list((root / "opt/torchard/.torchard/generations").glob("tools-*"))
    assert torchard("plan", lab.lab_file, "--limit", OPEN).returncode == 0


def test_without_sudo_the_plan_says_what_an_administrator_types(lab, torchard, accounts):
    """After these commands, the Mac needs no sudo at all."""
    root, owner = lab.macs[CLOSED].root, accounts[0]
    folder, command = root / "opt/torchard", f"{root}/opt/torchard/miniconda3/condabin"
    blocked = torchard("plan", lab.lab_file, "--limit", CLOSED)
    assert blocked.returncode == 3
    said = " ".join(blocked.stdout.split())
    assert f"`sudo install -d -m 755 -o {owner.name} {folder}`" in said
    assert f"`echo {command} | sudo tee /etc/paths.d/torchard`" in said
    assert f"`sudo install -d -m 755 -o {owner.name} /{KERNELS}`" in said
    closed = [root / path for path in CLOSED_FOLDERS]
    for one in closed:
        one.chmod(0o755)
    for made in (folder, root / KERNELS):
        made.mkdir(parents=True)
        os.chown(made, owner.uid, owner.gid)
    (root / "etc/paths.d/torchard").write_text(f"{command}\n", encoding="utf-8")
    for one in closed:
        one.chmod(0o555)
    planned = torchard("plan", lab.lab_file, "--limit", CLOSED)
    assert planned.returncode == 2, planned.stdout
    assert "sharing" not in planned.stdout
    assert re.search(rf"^  \+ kernel +/{KERNELS}/torchard-tools/", planned.stdout, re.MULTILINE)

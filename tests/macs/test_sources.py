"""Every source of PyTorch, every conda, and a person's own packages, to the end on Macs.

`forge` has Miniforge. `anaconda` takes its packages from Anaconda's own channels, and its lab has
accepted the terms. `old` has an old Miniconda that a person once installed.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from labs import describe

from simlab.lab import SimLab
from simlab.package import metadata, write_wheel
from simlab.spec import MacSpec
from simlab.write_lab import Served

ENVIRONMENTS = """\
environments:
  all-conda:
    python: "3.12"
    pytorch: {source: conda-forge}
    conda: [nodejs, einops]
    pip: [pandas]
  frozen: {python: "3.11", pytorch: {source: pytorch-channel}, pip: [einops]}
  mixed:
    python: "3.12"
    pytorch: {with: []}
    conda: [numpy, einops]
    pip: ["pandas>=2", torch-scatter]
"""
MACS = {
    MacSpec("forge", "arm64", "14.2"): ["all-conda"],
    MacSpec("anaconda", "x86_64", "12.7"): ["frozen"],
    MacSpec("old", "arm64", "15.1"): ["frozen", "mixed"],
}
VERIFIED = {
    "forge": {"all-conda": "torch 2.10.0, MPS works"},
    "anaconda": {"frozen": "torch 2.2.2, CPU"},
    "old": {"frozen": "torch 2.5.1, MPS works", "mixed": "torch 2.15.0, MPS works"},
}
OLD_CONDA = "23.5.2"  # the last conda before an environment could be frozen


@pytest.fixture(scope="module")
def job(tmp_path_factory, simlab_depot, torchard):
    """The whole job on three Macs, and what was on the last of them before."""
    with SimLab(tmp_path_factory.mktemp("sources") / "lab", list(MACS), simlab_depot.root) as lab:
        file, sha256 = Served.load(simlab_depot.root).installers["miniforge-arm64"]
        url = f"{lab.web_url}/installers/{file}"
        describe(
            lab,
            ENVIRONMENTS,
            {mac.name: names for mac, names in MACS.items()},
            {
                "forge": "    miniconda: {distribution: miniforge, installer:"
                f' {{url: "{url}", sha256: "{sha256}"}}}}\n',
                "anaconda": "    channels: [defaults]\n    accept_anaconda_terms: true\n"
                f'    mirrors: {{conda: {{defaults: "{lab.web_url}/conda/conda-forge",'
                f' pytorch: "{lab.web_url}/conda/pytorch"}}}}\n',
                "old": f'    indexes: {{pyg: {{url: "{write_further_index(lab.directory)}",'
                " packages: [torch-scatter]}}\n",
            },
        )
        install_by_hand(lab.macs["old"], simlab_depot)
        for mac in lab.macs.values():
            settings = f"channel_alias: {lab.web_url}/conda\n"
            (mac.home / ".condarc").write_text(settings, encoding="utf-8")
        done = SimpleNamespace(lab=lab)
        done.lock = torchard("lock", lab.lab_file)
        done.plan = torchard("plan", lab.lab_file, "--full")
        done.before = {path: entry for path, entry in lab.snapshot().items() if "old/" in path}
        done.apply = torchard("apply", lab.lab_file, "--yes", "--json")
        done.after = lab.snapshot()
        done.again = torchard("plan", lab.lab_file, "--locked")
        yield done


def write_further_index(folder):
    """Write an index as PyG has it: for each torch one page with links, without hashes."""
    root = folder / "further"
    root.mkdir()
    name = "torch_scatter-2.1.2-py3-none-any.whl"
    meta = metadata("torch_scatter", "2.1.2", (), "")
    write_wheel(root, name, {"torch_scatter/__init__.py": b""}, meta)
    (root / "torch-2.15.0+cpu.html").write_text(f'<a href="{name}">{name}</a>', encoding="utf-8")
    return f"{root.as_uri()}/torch-{{torch}}+cpu.html"


def install_by_hand(mac, depot):
    """Install Miniconda as a person does, and let it be of 2023."""
    done = mac.run(f"/bin/bash {depot.installer('arm64')} -b -p $HOME/miniconda3")
    assert done.returncode == 0, done.stderr
    (record,) = (mac.home / "miniconda3/conda-meta").glob("conda-26*.json")
    text = record.read_text(encoding="utf-8").replace("26.5.3", OLD_CONDA)
    record.with_name(record.name.replace("26.5.3", OLD_CONDA)).write_text(text, encoding="utf-8")
    record.unlink()
    for plugin in (mac.home / "miniconda3/conda-meta").glob("conda-anaconda-tos-*.json"):
        plugin.unlink()
    assert mac.run("miniconda3/bin/conda --version").stdout == f"conda {OLD_CONDA}\n"


def locked(job, name, group):
    """Return a lock as data."""
    path = job.lab.directory / "locks" / "lab" / f"{name}.{group}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def versions(lock, kind):
    return {one["name"]: one["version"] for one in lock[kind]}


def test_every_source_is_brought_to_its_end(job):
    """Locked, planned, applied, verified; and then there is nothing to do."""
    ends = [job.lock, job.plan, job.apply, job.again]
    assert [done.returncode for done in ends] == [0, 2, 0, 0], [one.stderr for one in ends]
    assert "Plan: 0 Macs to change, 3 up to date." in job.again.stdout
    verifications = {
        mac: {name: found.partition(", ")[2] for name, found in one["verifications"].items()}
        for mac, one in json.loads(job.apply.stdout)["macs"].items()
    }
    assert verifications == VERIFIED


def test_conda_forge_has_mps_inside_its_cpu_builds_and_audio_pulls_pytorch_back(job):
    """No build is asked for by name; the plan says which release torchaudio has kept away."""
    lock = locked(job, "all-conda", "osx-arm64-macos14")
    (torch,) = (one for one in lock["conda"] if one["name"] == "pytorch")
    assert torch["build"].startswith("cpu_")
    assert lock["variant"]["mps_expected"]
    assert "torch 2.13.0 would install on macOS 14.2, but it has no torchaudio there." in (
        job.plan.stdout
    )


def test_the_frozen_channel_gives_its_last_release_with_the_rest_from_the_labs_channels(job):
    """It is asked first, and has neither python nor numpy; 2.2.2 gets a numpy below 2."""
    for group, torch in (("osx-arm64-macos15", "2.5.1"), ("osx-64-macos12", "2.2.2")):
        lock = locked(job, "frozen", group)
        conda = {one["name"]: one for one in lock["conda"]}
        theirs = {name for name, one in conda.items() if one["channel"] == "pytorch"}
        assert theirs == {"pytorch", "torchvision", "torchaudio"}
        assert conda["pytorch"]["version"] == torch
        assert versions(lock, "wheels").keys() == {"einops"}
    assert conda["numpy"]["version"] == "1.26.4"
    assert {one["channel"] for one in conda.values()} == {"pytorch", "defaults"}


def test_anacondas_channels_are_refused_until_their_terms_are_accepted(job, torchard, tmp_path):
    """The Mac's own line is named; nobody's acceptance is another's."""
    text = job.lab.lab_file.read_text(encoding="utf-8")
    assert "accept_anaconda_terms: true" in text
    file = tmp_path / "lab.yaml"
    file.write_text(text.replace("    accept_anaconda_terms: true\n", ""), encoding="utf-8")
    done = torchard("check", file)
    assert done.returncode == 1
    line = 1 + text.splitlines().index("    channels: [defaults]")
    assert f"{file}:{line}:" in done.stderr
    assert '"defaults" is Anaconda\'s channel, and its terms are not accepted' in done.stderr


@pytest.mark.parametrize(
    ("mac", "name", "channels"),
    [
        ("forge", "all-conda", ["conda-forge"]),
        ("anaconda", "frozen", ["pytorch", "defaults"]),
        ("old", "frozen", ["pytorch", "conda-forge"]),
        ("old", "mixed", ["conda-forge"]),
    ],
)
def test_records_and_settings_of_an_environment_name_the_real_channels(job, mac, name, channels):
    """Not this Mac's depot, nor a mirror: what a later `conda install` there goes by."""
    real = {
        "conda-forge": "https://conda.anaconda.org/conda-forge",
        "pytorch": "https://conda.anaconda.org/pytorch",
        "defaults": "https://repo.anaconda.com/pkgs/main",
    }
    prefix = job.lab.macs[mac].home / "miniconda3/envs" / name
    records = [json.loads(path.read_text()) for path in prefix.glob("conda-meta/*.json")]
    assert {one["channel"].rpartition("/")[0] for one in records} == {real[one] for one in channels}
    settings = (prefix / ".condarc").read_text(encoding="utf-8")
    assert f"channels: {json.dumps(channels)}\n" in settings
    assert "channel_priority: strict\n" in settings
    assert ("default_channels: []" in settings) == ("defaults" not in channels)


def test_a_package_of_a_further_index_is_locked_by_its_hash_and_installed(job):
    """The lock says where the wheel is from, and the Mac gets it with the others."""
    lock = locked(job, "mixed", "osx-arm64-macos15")
    (scatter,) = (one for one in lock["wheels"] if one["name"] == "torch-scatter")
    page = f"{(job.lab.directory / 'further').as_uri()}/torch-2.15.0+cpu.html"
    assert scatter["index"] == page
    assert lock["indexes"] == {"torch-scatter": page}
    site = job.lab.macs["old"].home / "miniconda3/envs/mixed/lib/python3.12/site-packages"
    assert (site / "torch_scatter/__init__.py").is_file()
    assert (site / "torch_scatter-2.1.2.dist-info/METADATA").is_file()


def test_a_lab_that_drops_a_further_index_hears_what_its_lock_has(job, torchard):
    """The message names the package and both places, and not another version of Torchard."""
    text = job.lab.lab_file.read_text(encoding="utf-8")
    without = re.sub(r"    indexes: .*\n", "", text)
    assert without != text
    job.lab.lab_file.write_text(without, encoding="utf-8")
    done = torchard("lock", job.lab.lab_file, "--check")
    job.lab.lab_file.write_text(text, encoding="utf-8")
    assert done.returncode == 2
    assert "its index of torch-scatter is file://" in done.stdout
    assert "and the lab's is the usual one" in done.stdout


@pytest.fixture
def conda(job):
    """Run a person's conda on a Mac of the job, changing nothing."""

    def run(mac, command):
        return job.lab.macs[mac].run(f"miniconda3/bin/conda {command} --dry-run --json")

    return run


def test_a_later_conda_install_has_the_labs_channels_and_keeps_its_specs(conda):
    """What is there stays as it is."""
    done = conda("forge", "install -y -n all-conda rhash")
    assert done.returncode == 0, done.stdout + done.stderr
    actions = json.loads(done.stdout)["actions"]
    assert [one["name"] for one in actions["LINK"]] == ["rhash"]
    assert actions["UNLINK"] == []


def test_an_old_conda_has_the_channels_of_its_base_unless_an_environment_is_active(job, conda):
    """Before 23.7 it does not read the settings of what -n names; the plan warns of that."""
    done = conda("old", "install -y -n mixed rhash")
    assert json.loads(done.stdout)["exception_name"] == "CondaHTTPError"
    assert "https://repo.anaconda.com/pkgs/" in done.stdout
    prefix = job.lab.macs["old"].home / "miniconda3/envs/mixed"
    command = f"install -y -p {prefix} rhash --dry-run --json"
    active = f"CONDA_PREFIX={prefix} miniconda3/bin/conda {command}"
    assert job.lab.macs["old"].run(active).returncode == 0
    warning = "only 23.7.0 and newer read an environment's own .condarc"
    assert [warning in part for part in re.split(r"\n\d+ Macs? +· ", job.plan.stdout)].count(
        True
    ) == 1


def test_a_later_conda_install_holds_to_what_the_lab_asked_for(conda):
    """The PyTorch of the lab is in the history, and nothing that needs another one solves."""
    done = conda("forge", "install -y -n all-conda torchvision=0.28")
    assert json.loads(done.stdout)["exception_name"] == "UnsatisfiableError"


def test_miniforge_is_installed_where_the_lab_names_it(job):
    """Its base has conda-forge for its channel, and no plugin that asks for terms."""
    prefix = job.lab.macs["forge"].home / "miniconda3"
    assert (prefix / ".condarc").read_text() == "channels:\n  - conda-forge\n"
    assert json.loads((prefix / ".torchard.json").read_text())["installer"].startswith("Miniforge3")


def test_miniforge_of_the_catalogue_is_chosen_by_arch_and_macos(job, torchard, tmp_path):
    """No terms have to be accepted for it; for its neighbour's Miniconda they have to be."""
    text = job.lab.lab_file.read_text(encoding="utf-8")
    file = tmp_path / "lab.yaml"
    text = re.sub(r"miniconda: \{distribution.*", "miniconda: {distribution: miniforge}", text)
    text = re.sub(r"    miniconda:\n      installer:\n.*\n.*\n", "", text)
    file.write_text(text, encoding="utf-8")
    for name in ("forge", "anaconda"):
        prefix = job.lab.macs[name].home / "miniconda3"
        prefix.rename(prefix.with_name("away"))
    try:
        done = torchard("plan", file, "--limit", "forge", "--limit", "anaconda")
    finally:
        for name in ("forge", "anaconda"):
            prefix = job.lab.macs[name].home / "miniconda3"
            prefix.with_name("away").rename(prefix)
    assert done.returncode == 3
    assert re.search(r"\+ miniconda +26\.3\.2-3 at ~/miniconda3 +sha256 59168f1e", done.stdout)
    assert "which accepts Anaconda's Terms of Service" in done.stdout


def test_an_old_conda_that_a_person_installed_is_taken_and_left_as_it_is(job):
    """Nothing of it changes, its envs hold our links, and nothing is registered with it."""
    assert "miniconda   " not in job.plan.stdout.partition("· old ·")[2]
    for path, entry in job.before.items():
        assert job.after.get(path) == entry, path
    new = {path for path in job.after if path.startswith("old/miniconda3/")} - job.before.keys()
    envs = "old/miniconda3/envs"
    assert new == {envs, f"{envs}/frozen", f"{envs}/mixed"}
    assert "old/.conda/environments.txt" not in job.after


def test_each_package_has_one_owner(job):
    """What conda installs is not a wheel as well, even if another package asks for it."""
    lock = locked(job, "all-conda", "osx-arm64-macos14")
    assert {"nodejs", "einops", "numpy"} <= versions(lock, "conda").keys()
    assert "pandas" in versions(lock, "wheels")
    lock = locked(job, "mixed", "osx-arm64-macos15")
    assert {"numpy", "einops"} <= versions(lock, "conda").keys()
    assert {"torch", "pandas"} <= versions(lock, "wheels").keys()
    for path in (job.lab.directory / "locks" / "lab").iterdir():
        lock = json.loads(path.read_text(encoding="utf-8"))
        provided = {name for one in lock["conda"] for name in one["provides"]}
        assert not provided & versions(lock, "wheels").keys(), path.name


def test_two_openmp_runtimes_are_named_with_what_to_do(job):
    """Only where torch's wheel meets conda's: with all of PyTorch from conda there is one."""
    warnings = re.findall(r"(\S+): it has two OpenMP runtimes, (.*)", job.plan.stdout)
    assert [name for name, _ in warnings] == ["mixed"]
    assert "conda's llvm-openmp" in warnings[0][1]
    assert "Move packages such as numpy from `conda:` to `pip:`" in warnings[0][1]
    assert "`source: conda-forge`" in warnings[0][1]

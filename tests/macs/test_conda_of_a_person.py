"""A person's own conda in an environment of the lab's, and an administrator's rules about conda."""

from __future__ import annotations

import json
import re

import pytest
from labs import describe

from simlab.lab import SimLab
from simlab.spec import MacSpec

ENVIRONMENTS = """\
environments:
  tools: {python: "3.12", pytorch: false, conda: [xz], pip: [einops]}
  drawing: {python: "3.12", pytorch: false, conda: [graphviz=12.2.1]}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, simlab_depot, torchard):
    """A Mac with `tools`, whose base and system have settings that are only technical."""
    spec = [MacSpec("studio-01", "arm64", "15.1")]
    with SimLab(tmp_path_factory.mktemp("person") / "lab", spec, simlab_depot.root) as lab:
        describe(lab, ENVIRONMENTS, {"studio-01": ["tools"]})
        mac = lab.macs["studio-01"]
        etc = mac.root / "etc/conda/.condarc"
        etc.parent.mkdir(parents=True)
        etc.write_text(
            "subdir: linux-64\nalways_copy: true\nssl_verify: /nowhere.pem\nchannel_alias: corp\n"
            "pkgs_dirs: [/nowhere/pkgs]\ncustom_channels: {conda: 'https://corp.example'}\n"
            "channels: [https://repo.anaconda.com/pkgs/main]\n",
            encoding="utf-8",
        )
        lab.plan = torchard("plan", lab.lab_file)
        done = torchard("apply", lab.lab_file, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        etc.unlink()
        settings = f"channel_alias: {lab.web_url}/conda\n"
        (mac.home / ".condarc").write_text(settings, encoding="utf-8")
        yield lab


@pytest.fixture
def mac(lab):
    """The Mac, and afterwards again without rules."""
    mac = lab.macs["studio-01"]
    yield mac
    (mac.root / "etc/conda/.condarc").unlink(missing_ok=True)


@pytest.fixture
def conda(mac):
    """Run a person's conda."""

    def run(command):
        return mac.run(f"miniconda3/bin/conda {command}")

    return run


def names(mac):
    return {one.name.rpartition("-")[0] for one in
            (mac.home / "miniconda3/envs/tools/conda-meta").glob("*.json")}  # fmt: skip


def test_what_is_only_technical_is_overridden(lab, mac):
    """A certificate that is not there would stop conda; one warning is left."""
    assert "xz-5.8.2" in names(mac)
    assert not (mac.home / ".torchard/pkgs").exists()
    assert "/etc/conda/.condarc names a channel of Anaconda's by its address" in lab.plan.stdout
    assert lab.plan.returncode == 2


def test_a_persons_own_install_can_be_undone(mac, conda):
    """The history begins with what Torchard built, under the channels' real names."""
    built = names(mac)
    history = (mac.home / "miniconda3/envs/tools/conda-meta/history").read_text(encoding="utf-8")
    assert history.count("==> ") == 1
    lines = [line for line in history.splitlines() if line.startswith("+")]
    assert len(lines) == len(built)
    assert all(line.startswith(("+conda-forge/osx-arm64::", "+conda-forge/noarch::"))
               for line in lines)  # fmt: skip
    assert conda("install -y -q -n tools rhash").returncode == 0
    assert names(mac) - built == {"rhash-1.4.6"}
    told = json.loads(conda("list --revisions --json -n tools").stdout)
    assert [len(one["install"]) for one in told] == [len(built), 1]
    exported = conda("env export --from-history -n tools").stdout
    wanted = [line[4:] for line in exported.partition("dependencies:\n")[2].splitlines()]
    assert [re.split("[ =]", one)[0] for one in wanted[:4]] == ["python", "pip", "xz", "rhash"]
    assert conda("install -y -q -n tools --revision 0").returncode == 0
    assert names(mac) == built
    assert conda("install -y -q -n tools --revision 1").returncode == 0
    assert names(mac) - built == {"rhash-1.4.6"}
    assert conda("install -y -q -n tools --revision 0").returncode == 0


def test_one_address_of_anacondas_elsewhere_does_not_close_the_environment(mac, conda):
    """Conda tests a denylist against the channels of all files; ours has none."""
    (mac.home / "miniconda3/.condarc").write_text("channels: [defaults]\n", encoding="utf-8")
    assert conda("list -n tools").returncode == 0
    assert conda("install -y --dry-run -n tools rhash").returncode == 0
    settings = (mac.home / "miniconda3/envs/tools/.condarc").read_text(encoding="utf-8")
    assert "denylist" not in settings


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("override_channels_enabled: false", "sets override_channels_enabled: false"),
        ("allowlist_channels: [conda-forge]", "sets allowlist_channels, and Torchard's depot"),
        ("denylist_channels:\n  - conda-forge", "sets denylist_channels, which denies conda-forge"),
        ("disallowed_packages: [xz]", "sets disallowed_packages, which forbids xz 5.8.2"),
        ("offline: true  #!final", "marks offline as `#!final`"),
    ],
)
def test_an_administrators_rule_blocks_the_mac_before_anything_is_pushed(
    lab, mac, torchard, rule, reason
):
    """The plan names the file and the setting; what is up to date stays so."""
    (mac.root / "etc/conda/.condarc").write_text(f"{rule}\n", encoding="utf-8")
    assert torchard("plan", lab.lab_file).returncode == 0
    text = lab.lab_file.read_text(encoding="utf-8")
    lab.lab_file.write_text(text.replace("pip: [einops]", "pip: [einops, pytz]"), encoding="utf-8")
    depot = mac.home / ".torchard/depot"
    before = {path.name for path in depot.rglob("*")}
    try:
        planned = torchard("plan", lab.lab_file, "--json")
        applied = torchard("apply", lab.lab_file, "--yes")
    finally:
        lab.lab_file.write_text(text, encoding="utf-8")
    told = json.loads(planned.stdout)["macs"]["studio-01"]
    assert (planned.returncode, told["state"], told["steps"]) == (3, "blocked", [])
    assert f"/etc/conda/.condarc {reason}" in told["reason"]
    assert applied.returncode == 3
    assert {path.name for path in depot.rglob("*")} == before


def test_a_failing_script_of_a_package_is_shown_with_what_it_said(lab, torchard):
    """Its name comes first, then what it left for people to read."""
    text = lab.lab_file.read_text(encoding="utf-8")
    changed = text.replace("environments: [tools]", "environments: [tools, drawing]")
    lab.lab_file.write_text(changed, encoding="utf-8")
    try:
        done = torchard("apply", lab.lab_file, "--yes")
    finally:
        lab.lab_file.write_text(text, encoding="utf-8")
    assert done.returncode == 1
    assert "LinkError: post-link script failed for package " in done.stdout
    assert "libgvplugin_pango: cannot be loaded" in done.stdout


def test_a_crash_of_conda_is_shown_by_its_cause(lab, mac, torchard):
    """Not by conda's request for a report."""
    (mac.root / "etc/conda/.condarc").write_text("channels: [a\n", encoding="utf-8")
    text = lab.lab_file.read_text(encoding="utf-8")
    lab.lab_file.write_text(text.replace("pip: [einops]", "pip: [einops, pytz]"), encoding="utf-8")
    try:
        done = torchard("apply", lab.lab_file, "--yes")
    finally:
        lab.lab_file.write_text(text, encoding="utf-8")
    assert done.returncode == 1
    assert "yaml.parser.ParserError: while parsing a flow sequence" in done.stdout
    assert "--no-plugins" not in done.stdout

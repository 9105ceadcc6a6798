"""What `status` says of a Mac that people worked on, and what `prune` removes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from labs import describe

from simlab.lab import SimLab

ROOT = Path(__file__).parents[2]
PLAIN = '  {name}: {{python: "3.12", pytorch: false}}\n'
BOTH = "environments:\n" + PLAIN.format(name="tools") + PLAIN.format(name="old-env")


def below(text, name):
    """Return the lines that are printed about one environment: its own, and those further in."""
    found = re.search(rf"(?m)^   . .  {re.escape(name)} .*\n(?: {{10}}.*\n)*", text)
    assert found, text
    return found[0]


def work_by_hand(mac, web, envs):
    """Install with conda and pip, in base as well; edit the settings; make environments."""
    channel = f"--override-channels -c {web}/conda/conda-forge"
    index = f"--index-url {web}/simple --trusted-host 127.0.0.1"
    for command in (
        f"miniconda3/bin/conda install -y -q -n tools {channel} git",
        f"miniconda3/envs/tools/bin/python -m pip install -q {index} pytz",
        f"miniconda3/bin/python -m pip install -q {index} einops",
    ):
        done = mac.run(command)
        assert done.returncode == 0, done.stderr
    settings = envs / "tools/.condarc"
    text = settings.read_text(encoding="utf-8")
    secret = text.replace('"conda-forge"', '"https://ann:secret@conda.example.org/t/abc/x"')
    settings.write_text(secret, encoding="utf-8")
    (envs / "old-env-2/conda-meta").mkdir(parents=True)
    (envs / "old-env-2/conda-meta/history").write_text("", encoding="utf-8")
    (envs / "alias").symlink_to((envs / "tools").readlink())


@pytest.fixture(scope="module")
def job(tmp_path_factory, simlab_depot, torchard):
    """Two environments, one of which leaves the lab; hands at work; status, and then a prune."""
    with SimLab(tmp_path_factory.mktemp("status") / "lab", 1, simlab_depot.root) as lab:
        done, mac = SimpleNamespace(lab=lab), lab.macs["studio-01"]
        described = lab.lab_file.read_text(encoding="utf-8")
        describe(lab, BOTH, {"studio-01": ["tools", "old-env"]})
        done.applied = torchard("apply", lab.lab_file, "--yes")
        assert done.applied.returncode == 0, done.applied.stdout + done.applied.stderr
        lab.lab_file.write_text(described, encoding="utf-8")
        describe(lab, BOTH, {"studio-01": ["tools"]})
        envs = mac.home / "miniconda3/envs"
        done.tools, done.old = ((envs / name).readlink() for name in ("tools", "old-env"))
        work_by_hand(mac, lab.web_url, envs)
        kept = lab.snapshot()
        done.status = torchard("status", lab.lab_file, "--locked")
        done.status_json = torchard("status", lab.lab_file, "--json")
        done.files = (lab.directory / "page.html", lab.directory / "junit.xml")
        done.report = torchard(
            "report", lab.lab_file, "--html", done.files[0], "--junit", done.files[1]
        )
        done.wrote = lab.snapshot() != kept

        text = lab.lab_file.read_text(encoding="utf-8")
        prune = text.replace("environments:\n", "prune: true\nenvironments:\n", 1)
        lab.lab_file.write_text(prune, encoding="utf-8")
        done.prune_plan = torchard("plan", lab.lab_file)
        done.pruned = torchard("apply", lab.lab_file, "--yes")
        done.after = torchard("status", lab.lab_file)
        done.envs = envs
        yield done


def test_a_report_has_what_status_says(job):
    """The page and JUnit's XML describe the same Mac, and neither has a secret."""
    assert (job.report.returncode, job.report.stderr) == (2, "")
    assert job.report.stdout == f"Written: {job.files[0]}\n"
    page, junit = (one.read_text(encoding="utf-8") for one in job.files)
    for word in ("changed by hand, to update", "not in the lab", "git", "pytz", "python 3.12."):
        assert word in page
    assert re.search(r"verified 20\d\d-\d\d-\d\d \d\d:\d\d", page)
    assert 'classname="studio-01" name="tools"' in junit
    assert "secret" not in page + junit


def test_status_exits_as_a_plan_and_writes_nothing(job):
    """There is something to do: 2, in text and in JSON; not a byte on the Mac is another."""
    assert (job.status.returncode, job.status.stderr) == (2, "")
    assert (job.status_json.returncode, job.status_json.stderr) == (2, "")
    assert not job.wrote
    assert job.status.stdout.endswith("An apply: 1 Mac to change, 0 up to date.\n")
    assert "\x1b" not in job.status.stdout


def test_what_changed_by_hand_is_reported_package_by_package(job):
    """With conda and with pip; what conda brought along as a distribution is reported once."""
    said = below(job.status.stdout, "tools")
    assert re.search(r"^   M ~  tools       verified [0-9-]{10}: python 3\.12\.13 arm64\n", said)
    note = "not in the lock; installed by hand"
    assert re.search(rf"\n {{10}}\+ git +2\.51\.2 +conda, {note}\n", said)
    assert re.search(rf"\n {{10}}\+ pytz +2026\.6 +wheel, {note}\n", said)
    assert "python 3.12.13   " not in said


def test_settings_that_were_altered_are_a_diff_without_their_secrets(job):
    """Nobody may read a channel's login and token; the plan repairs the file."""
    said = below(job.status.stdout, "tools")
    assert " --- ~/miniconda3/envs/tools/.condarc\n" in said
    assert '\n          -channels: ["conda-forge"]\n' in said
    assert '\n          +channels: ["https://conda.example.org/t/***/x"]\n' in said
    assert '\n      +channels: ["conda-forge"]\n' in job.prune_plan.stdout
    told = job.status.stdout + job.status_json.stdout + job.prune_plan.stdout + job.pruned.stdout
    assert "secret" not in told
    assert "/t/abc" not in told


def test_what_changed_in_base_is_reported_and_left(job):
    """An apply changes nothing there."""
    said = below(job.status.stdout, "miniconda")
    assert said.startswith("   M =  miniconda   26.5.3\n")
    assert re.search(r"\n {10}\+ einops +0\.8\.2 +wheel, installed by hand\n", said)
    assert below(job.after.stdout, "miniconda") == said


def test_what_nobody_declares_differs_from_what_somebody_made(job):
    """Without prune, both are left alone."""
    said = below(job.status.stdout, "old-env")
    assert said.startswith("   = =  old-env     the lab does not name it; it is left alone\n")
    for name in ("old-env-2", "alias"):
        said = below(job.status.stdout, name)
        assert f"   ? =  {name:<11} not made by Torchard; it is left alone\n" in said


def test_the_json_says_the_same_and_fits_its_schema(job):
    """The plan's own, and `status` beside it."""
    told = json.loads(job.status_json.stdout)
    schema = json.loads((ROOT / "schemas/plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    rows = told["status"]["studio-01"]
    assert [(one["environment"], one["owner"], one["since"], one["apply"]) for one in rows] == [
        (None, "lab", "modified", None),
        ("tools", "lab", "modified", "update"),
        ("alias", "person", "unknown", None),
        ("old-env", "torchard", "same", None),
        ("old-env-2", "person", "unknown", None),
    ]
    assert {one["name"] for one in rows[1]["packages"]} > {"git", "pytz"}


def test_a_plan_that_prunes_names_what_goes(job):
    """Its link and its generations, and nothing of anybody else."""
    assert job.prune_plan.returncode == 2
    place = f"~/.torchard/generations/{job.old.name}"
    assert f"\n  - old-env     {place}       with generations\n" in job.prune_plan.stdout
    assert "the lab does not name it, and says prune: true" in job.prune_plan.stdout
    assert "alias" not in job.prune_plan.stdout
    # The digest of a generation's own name may begin with that digit.
    assert not re.search(r"\bold-env-2(?![0-9a-f])", job.prune_plan.stdout)


def test_a_prune_removes_that_and_nothing_else(job):
    """The environment of a similar name, and a link that somebody made, are as they were."""
    assert (job.pruned.returncode, job.pruned.stderr) == (0, "")
    assert re.search(r"(?m)^  - old-env .* removed$", job.pruned.stdout)
    assert {path.name for path in job.envs.iterdir()} >= {"tools", "old-env-2", "alias"}
    assert not (job.envs / "old-env").is_symlink()
    assert not job.old.exists()
    assert (job.envs / "old-env-2/conda-meta/history").is_file()
    assert (job.envs / "alias").readlink() == job.tools
    assert job.tools.is_dir()


def test_after_an_apply_nothing_but_base_is_altered(job):
    """What was built is as it was made."""
    assert job.after.returncode == 0
    assert below(job.after.stdout, "tools").startswith("   = =  tools       verified ")
    assert "old-env " not in job.after.stdout
    assert job.after.stdout.endswith("An apply: 0 Macs to change, 1 up to date.\n")

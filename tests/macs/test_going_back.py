"""Back to the generation before: one rename, from the Mac's own records, and no further."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from labs import describe

from simlab.lab import SimLab
from simlab.spec import MacSpec

NAMES = ("studio-01", "studio-02")
FIRST = 'pip: ["einops"]'
SECOND = 'pip: ["einops", "pytz"]'
ENVIRONMENTS = f"""\
environments:
  tools: {{python: "3.12", pytorch: false, {FIRST}}}
  nobodys: {{python: "3.12", pytorch: false}}
"""


@pytest.fixture(scope="module")
def lab_once(tmp_path_factory, simlab_depot, torchard):
    """Two Macs on which `tools` was changed once."""
    spec = [MacSpec(name, "arm64", "15.1") for name in NAMES]
    with SimLab(tmp_path_factory.mktemp("rollback") / "lab", spec, simlab_depot.root) as lab:
        describe(lab, ENVIRONMENTS, {name: ["tools"] for name in NAMES})
        lab.first = {}
        bring_in_order(torchard, lab)
        lab.first = {name: shown(lab, name) for name in NAMES}
        text = lab.lab_file.read_text(encoding="utf-8")
        lab.lab_file.write_text(text.replace(FIRST, SECOND), encoding="utf-8")
        bring_in_order(torchard, lab)
        lab.second = {name: shown(lab, name) for name in NAMES}
        assert lab.first["studio-01"] != lab.second["studio-01"]
        yield lab


@pytest.fixture
def lab(lab_once):
    """The same for each test, whatever the one before showed."""
    yield lab_once
    for name in NAMES:
        link = lab_once.macs[name].home / "miniconda3/envs/tools"
        link.unlink(missing_ok=True)
        link.symlink_to(generation(lab_once, name, lab_once.second))


def bring_in_order(torchard, lab):
    done = torchard("apply", lab.lab_file, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shown(lab, name):
    """Return the generation that a Mac shows as `tools`."""
    return (lab.macs[name].home / "miniconda3/envs/tools").readlink().name


def generation(lab, name, which):
    return lab.macs[name].home / ".torchard/generations" / which[name]


def everything_but_logs(lab):
    return {path: entry for path, entry in lab.snapshot(*NAMES).items() if "/log/" not in path}


def back(torchard, lab, *options):
    return torchard("rollback", "tools", lab.lab_file, *options)


def test_it_is_one_rename_and_needs_neither_locks_nor_a_network(lab, torchard):
    """The Macs keep everything else; the plan comes first and the verification last."""
    before = everything_but_logs(lab)
    asked = len(lab.web_log())
    locks, away = lab.directory / "locks", lab.directory / "away"
    locks.rename(away)
    try:
        done = back(torchard, lab, "--yes")
        assert not locks.exists()
    finally:
        away.rename(locks)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(lab.web_log()) == asked
    after = everything_but_logs(lab)
    assert after.keys() == before.keys()
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {f"{name}/miniconda3/envs/tools" for name in NAMES}
    assert {name: shown(lab, name) for name in NAMES} == lab.first
    for line in (
        r"2 Macs · studio-01 studio-02 · arm64 · macOS 15\.1",
        r"  ~ tools +\d+ kept, 1 to change +the link only",
        r"      the generation before, built on 20\d\d-\d\d-\d\d",
        r"      - pytz   2026\.\d   wheel",
        r"Plan: 2 Macs to change, 0 up to date\.",
        r"  ~ tools +\d+ kept, 1 changed +active again",
        r"  = tools +verified: python 3\.12\.13 arm64",
        r"Done: 2 Macs up to date\.",
    ):
        assert re.search(f"^{line}$", done.stdout, re.MULTILINE), line

    forward = torchard("plan", lab.lab_file)
    assert forward.returncode == 2
    assert "the lab's generation is built and verified, but another one is active" in forward.stdout


def test_given_again_it_reaches_who_was_not_and_goes_no_further(lab, torchard):
    """A Mac that was rolled back stays so, and the message says it; nothing else changes."""
    lab.macs["studio-02"].set(fault="refuse")
    first = back(torchard, lab, "--yes", "--json")
    lab.macs["studio-02"].set(fault=None)
    assert first.returncode == 3
    data = json.loads(first.stdout)["macs"]
    assert {name: one["state"] for name, one in data.items()} == {
        "studio-01": "up_to_date",
        "studio-02": "unreachable",
    }
    (step,) = data["studio-01"]["steps"]
    assert (step["kind"], step["action"], step["environment"]) == (
        "environment",
        "activate",
        "tools",
    )
    assert step["path"] == str(generation(lab, "studio-01", lab.first))
    (package,) = step["packages"]
    assert (package["change"], package["name"], package["to"]) == ("remove", "pytz", None)

    second = back(torchard, lab, "--yes", "--json")
    assert second.returncode == 3
    data = json.loads(second.stdout)["macs"]
    assert data["studio-01"]["state"] == "blocked"
    assert data["studio-01"]["reason"].startswith("tools: it was rolled back already")
    assert data["studio-02"]["state"] == "up_to_date"
    assert {name: shown(lab, name) for name in NAMES} == lab.first

    nothing = back(torchard, lab)
    assert nothing.returncode == 3
    assert nothing.stdout.endswith("2 blocked.\nNothing has been changed.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tols"], r"There is no environment tols in lab.yaml.\n +Did you mean tools\?\n"),
        (["nobodys"], "None of these Macs has nobodys in lab.yaml"),
    ],
)
def test_an_environment_that_nobody_has_is_a_usage_error(lab, torchard, words, sentence):
    """A sentence and 1, and no Mac is contacted."""
    name, *options = words
    done = torchard("rollback", name, lab.lab_file, *options, "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(sentence, done.stderr), done.stderr


def test_without_a_terminal_the_answer_counts_as_no(lab, torchard):
    """Without --yes, nothing is done unseen: neither without a terminal nor with --json."""
    before = lab.snapshot(*NAMES)
    for options in ((), ("--json",)):
        done = back(torchard, lab, *options)
        assert done.returncode == 1
        assert done.stderr.startswith("Nothing was changed: ")
        assert "Look at what `torchard rollback tools` prints, and add --yes" in done.stderr
    assert lab.snapshot(*NAMES) == before


def damage(path):
    """Let somebody edit a file of a package."""
    file = path / "lib/python3.12/site-packages/einops/__init__.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "# edited\n", encoding="utf-8")
    return file, text


def test_a_damaged_generation_is_not_called_verified(lab, torchard):
    """The plan says so already. It may still be better than the active one."""
    file, text = damage(generation(lab, "studio-01", lab.first))
    try:
        done = back(torchard, lab, "--yes", "--limit", "studio-01")
    finally:
        file.write_text(text, encoding="utf-8")
    assert done.returncode == 1
    damaged = r"einops: \d of \d+ files has another size: einops/__init__\.py"
    for said in (
        rf"! note tools: the generation before is damaged: {damaged}",
        rf"! tools failed: it is active again, but its verification failed: {damaged}",
    ):
        assert re.search(said, " ".join(done.stdout.split())), done.stdout
    assert "= tools verified" not in done.stdout
    assert shown(lab, "studio-01") == lab.first["studio-01"]


def test_a_failed_verification_is_reported_and_undoes_nothing(lab, torchard):
    """The rename stays."""
    name = lab.first["studio-01"]
    expected = lab.macs["studio-01"].home / f".torchard/kits/{name}/expected.json"
    text = expected.read_text(encoding="utf-8")
    expected.write_text(json.dumps({**json.loads(text), "python": "3.9"}), encoding="utf-8")
    try:
        done = back(torchard, lab, "--yes", "--limit", "studio-01")
    finally:
        expected.write_text(text, encoding="utf-8")
    assert done.returncode == 1
    said = r"! tools +failed: it is active again, but its verification failed: its python is 3\.12"
    assert re.search(said, done.stdout), done.stdout
    assert "`torchard apply` goes forward again." in done.stdout
    assert shown(lab, "studio-01") == name


def test_a_generation_without_its_kit_is_reported_by_its_stamp(lab, torchard):
    """If its kit is gone from the Mac, the stamp says what its last verification found."""
    name = lab.first["studio-01"]
    kit = lab.macs["studio-01"].home / ".torchard/kits" / name
    aside = lab.directory / "kit"
    shutil.move(kit, aside)
    try:
        done = back(torchard, lab, "--yes", "--json", "--limit", "studio-01")
    finally:
        shutil.move(aside, kit)
    assert done.returncode == 0
    verification = json.loads(done.stdout)["macs"]["studio-01"]["verifications"]
    assert verification == {"tools": "verified: python 3.12.13 arm64"}


def test_conda_leaves_what_the_lab_freezes(lab, torchard):
    """The same packages are built again for it; conda refuses with a sentence, unless overridden.

    Thawed again, the generation that was there is only shown.
    """
    mac = lab.macs["studio-01"]
    text = lab.lab_file.read_text(encoding="utf-8")
    line = "\n  studio-01:\n"
    lab.lab_file.write_text(text.replace(line, f"{line}    frozen: true\n"), encoding="utf-8")
    plan = torchard("plan", lab.lab_file)
    assert plan.returncode == 2
    assert re.search(r"~ tools +\d+ kept, 0 to change +new generation\n +the lab freezes it$",
                     plan.stdout, re.MULTILINE)  # fmt: skip
    assert "Plan: 1 Mac to change, 1 up to date." in plan.stdout
    bring_in_order(torchard, lab)
    assert shown(lab, "studio-01") == f"{lab.second['studio-01']}.2"
    assert shown(lab, "studio-02") == lab.second["studio-02"]
    channel = f"--override-channels -c {lab.web_url}/conda/conda-forge"
    refused = mac.run(f"miniconda3/bin/conda install -y -n tools {channel} xz")
    assert refused.returncode == 1
    assert "EnvironmentIsFrozenError" in refused.stderr
    assert "Torchard keeps this environment as the lab describes it." in refused.stderr
    bold = mac.run(f"miniconda3/bin/conda install -y -n tools --override-frozen {channel} xz")
    assert bold.returncode == 0, bold.stderr
    lab.lab_file.write_text(text, encoding="utf-8")
    thawed = torchard("plan", lab.lab_file)
    assert "the link only" in thawed.stdout


def test_a_damaged_generation_is_not_linked_again(lab, torchard):
    """An apply notes why, and the next one builds it again."""
    mac = lab.macs["studio-01"]
    link = mac.home / "miniconda3/envs/tools"
    path = generation(lab, "studio-01", lab.second)
    link.unlink()
    damage(path)
    limit = ("--limit", "studio-01")
    assert "only its link is missing" in torchard("plan", lab.lab_file, *limit).stdout
    first = torchard("apply", lab.lab_file, "--yes", *limit)
    assert first.returncode == 1
    said = " ".join(first.stdout.split())
    assert "einops: 1 of" in said, said
    assert "is damaged, so tools was not activated; what was there before is unchanged." in said
    assert "= tools verified" not in said
    assert not link.is_symlink()

    bring_in_order(torchard, lab)
    assert re.fullmatch(rf"{path.name}\.\d", shown(lab, "studio-01"))

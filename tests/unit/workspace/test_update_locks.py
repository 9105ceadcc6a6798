"""`torchard lock` updates every lock that a lab needs, or only checks them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from locked import mac as state
from packaging.specifiers import SpecifierSet

from torchard.catalog.catalog import load_catalog
from torchard.catalog.pairings import Fit, Pairing
from torchard.depot.depot import Depot
from torchard.lock.codec import format_lock, read_lock
from torchard.workspace import workspace
from torchard.workspace.update_locks import (
    LockUpdate,
    group_by_changes,
    list_errors,
    update_locks,
    without_class,
)
from torchard.workspace.workspace import open_workspace

ARM, INTEL = "osx-arm64-macos15", "osx-64-macos12"
MACS = (
    ("studio-01", 'arch: arm64, macos: "15.1"'),
    ("studio-02", 'arch: arm64, macos: "15.6.1"'),
    ("library-01", 'arch: x86_64, macos: "12.7"'),
)


@pytest.fixture(scope="module")
def solved(tmp_path_factory, simlab_depot, artefacts):
    """The folder of the locks of the lab as it is written first: they are solved once."""
    made = make_lab(tmp_path_factory.mktemp("solved"), simlab_depot, artefacts)
    made.run()
    return made.locks


@pytest.fixture
def lab(tmp_path, simlab_depot, artefacts, solved):
    """A lab whose environments can be locked without a Mac; `lab.write(…)` writes it again.

    `lab.lock()` gives it the locks of the lab as it is written first.
    """
    made = make_lab(tmp_path, simlab_depot, artefacts)
    made.lock = lambda: shutil.copytree(solved, made.locks)
    return made


def make_lab(folder, simlab_depot, artefacts):
    """Write a lab, and return it with what the tests do to it."""
    path = folder / "lab" / "lab.yaml"
    path.parent.mkdir()
    locks = path.parent / "locks" / "lab"
    mirrors = (
        f'conda: {{conda-forge: "{simlab_depot.channel.as_uri()}"}},'
        f' wheels: "{(simlab_depot.root / "simple").as_uri()}"'
    )

    def write(*macs, plain="[git]", more=""):
        rows = "".join(
            f"  {name}: {{address: 127.0.0.{place}, {how}, groups: [lab]}}\n"
            for place, (name, how) in enumerate(macs or MACS, 1)
        )
        path.write_text(
            f'environments:\n  plain: {{python: "3.12", pytorch: false, conda: {plain}}}\n{more}'
            f"groups:\n  lab: {{environments: [plain], mirrors: {{{mirrors}}}}}\nmacs:\n{rows}",
            encoding="utf-8",
        )

    def run(states=(), unreachable=(), *, check=False, upgrade=False, audit=False, trial=False):
        depot = Depot(artefacts, pause=lambda _seconds: None)
        workspace = open_workspace(path, locked=check, depot=depot)
        workspace.locks.is_trial = trial
        return list(
            update_locks(workspace, dict(states), dict(unreachable), upgrade=upgrade, audit=audit)
        )

    def files():
        found = sorted(locks.iterdir()) if locks.exists() else []
        return {one.name: (one.read_bytes(), one.stat().st_mtime_ns) for one in found}

    write()
    return SimpleNamespace(path=path, locks=locks, write=write, run=run, files=files)


def outcomes(answers):
    """Return what became of each lock."""
    return [(one.environment, str(one.mac_class or ""), one.outcome) for one in answers]


def test_cause_that_classes_share_is_one_message(lab):
    """A package that no channel has is an error once, for all classes of Macs."""
    lab.write(plain="[gitt, rhash]")
    (text,) = list_errors(lab.run())
    assert (
        f":2:51: plain cannot be locked for {INTEL} and {ARM}: conda-forge has no gitt for" in text
    )
    assert text.endswith("\n  Write `git` in `conda:`.")


def test_a_release_that_does_not_exist_names_the_environment_and_all_classes(lab):
    """A Mac of another class has the same error."""
    text = lab.path.read_text(encoding="utf-8")
    wrong = text.replace("pytorch: false", 'pytorch: {release: "1.2.3"}')
    lab.path.write_text(wrong, encoding="utf-8")
    (text,) = list_errors(lab.run())
    assert re.search(
        rf":2:3: plain cannot be locked for {INTEL} and {ARM}: The catalogue has no PyTorch 1.2.3,"
        r" only .+\.\n  Write",
        text,
    ), text


NAMES = [f"plain.{INTEL}.json", f"plain.{ARM}.json"]


def test_each_class_is_locked_once_and_then_kept(lab):
    """Three Macs of two classes need two locks; a second run keeps them."""
    answers = lab.run()
    assert outcomes(answers) == [("plain", ARM, "written"), ("plain", INTEL, "written")]
    assert [one.detail for one in answers] == [str(lab.locks / name) for name in NAMES[::-1]]
    written = lab.files()
    assert list(written) == NAMES
    assert {one.outcome for one in lab.run()} == {"kept"}
    assert {one.outcome for one in lab.run(check=True)} == {"kept"}
    assert lab.files() == written


def test_upgrade_leaves_the_files_alone_if_nothing_is_new(lab):
    """With `--upgrade` each lock is solved again, and is unchanged if the answer is the same."""
    lab.lock()
    first = lab.files()
    assert {one.outcome for one in lab.run(upgrade=True)} == {"unchanged"}
    assert lab.files() == first


def test_a_lock_that_is_made_again_says_which_packages_moved(lab):
    """A trial writes nothing, and says the same as the upgrade after it."""
    lab.write(MACS[0], plain='["ffmpeg<8", rhash]')
    (new,) = lab.run()
    assert (new.outcome, new.changes) == ("written", ())
    assert min(new.packages, new.bytes) > 0
    lab.write(MACS[0], plain="[ffmpeg]")
    before = lab.files()
    (trial,) = lab.run(upgrade=True, trial=True)
    assert (trial.outcome, lab.files()) == ("to change", before)
    (done,) = lab.run(upgrade=True)
    assert replace(done, outcome="to change") == trial
    moved = {one.name: (one.change, one.before, one.after) for one in done.changes}
    assert moved["ffmpeg"] == ("update", "7.1.1", "8.0.1")
    assert moved["rhash"][0] == "remove"
    assert lab.run(upgrade=True, trial=True)[0].outcome == "unchanged"


def test_classes_in_which_the_same_moved_are_a_group(lab):
    """Each environment has groups of its own, and an error is in none."""
    one = LockUpdate("a", None, "written", "x", requested=("git",))
    others = (
        replace(one, detail="y"),
        replace(one, environment="b"),
        replace(one, outcome="error"),
    )
    assert group_by_changes([one, *others]) == [[one, others[0]], [others[1]]]


def test_check_writes_nothing(lab):
    """With `--check`, missing and outdated locks are only reported."""
    answers = lab.run(check=True)
    assert outcomes(answers) == [("plain", ARM, "out of date"), ("plain", INTEL, "out of date")]
    assert re.search(r"^The lock .*plain\.osx-arm64-macos15\.json is missing\.$", answers[0].detail)
    assert not lab.locks.exists()
    lab.lock()
    written = lab.files()
    lab.write(plain="[git, rhash]")
    answers = lab.run(check=True)
    assert {one.outcome for one in answers} == {"out of date"}
    assert answers[0].detail.endswith(
        'is out of date: its conda_specs has no "rhash", which the lab asks for.'
    )
    assert lab.files() == written


def test_an_outdated_lock_is_solved_again(lab):
    """The new lock has the packages that the changed environment asks for."""
    lab.lock()
    lab.write(plain="[git, rhash]")
    assert {one.outcome for one in lab.run()} == {"written"}
    lock = read_lock(lab.locks / NAMES[1])
    assert lock.conda_specs == ("python 3.12.*", "pip", "git", "rhash")


def test_a_lock_that_cannot_be_solved_keeps_its_old_file(lab):
    """Each error is reported once, and the other locks are written."""
    lab.lock()
    before = lab.files()
    more = '  other: {python: "3.12", pytorch: false}\n'
    lab.write(
        *MACS[:2], ("library-01", 'arch: x86_64, macos: "12.7", environments: [plain, other]'),
        plain='["git>=99"]', more=more,
    )  # fmt: skip
    answers = lab.run()
    assert outcomes(answers) == [
        ("plain", ARM, "error"),
        ("plain", INTEL, "error"),
        ("other", INTEL, "written"),
    ]
    assert "git>=99" in answers[0].detail
    after = lab.files()
    assert after.keys() - before.keys() == {f"other.{INTEL}.json"}
    assert {name: after[name] for name in before} == before


def test_an_audit_finds_what_digests_cannot(lab):
    """A package more or less, another file and another version that no channel has are named."""
    more = '  wheels: {python: "3.12", pytorch: false, pip: [pandas]}\n'
    lab.write(("studio-01", 'arch: arm64, macos: "15.1", environments: [plain, wheels]'), more=more)
    lab.run()
    assert {one.outcome for one in lab.run(check=True, audit=True)} == {"kept"}
    plain, wheels = lab.locks / NAMES[1], lab.locks / f"wheels.{ARM}.json"
    lock = read_lock(plain)
    needless = replace(lock.conda[0], name="rhash", file="rhash-1-0.conda", version="1", build="0")
    kept = [one for one in lock.conda if one.name not in {"pip", "git", lock.conda[0].name}]
    git, pip = (next(one for one in lock.conda if one.name == name) for name in ("git", "pip"))
    forged = (*kept, replace(git, sha256="0" * 64), replace(pip, provides=()), needless)
    plain.write_text(format_lock(replace(lock, conda=forged)), encoding="utf-8")
    lock = read_lock(wheels)
    rows = tuple(one for one in lock.wheels if one.name != "numpy")
    evil = replace(rows[0], name="evil", version="1", file="evil-1-py3-none-any.whl")
    checks = tuple(one for one in lock.libraries if one.name != "numpy")
    forged_lock = replace(lock, wheels=(*rows, evil), libraries=checks)
    wheels.write_text(format_lock(forged_lock), encoding="utf-8")
    assert {one.outcome for one in lab.run(check=True)} == {"kept"}
    first, second = lab.run(check=True, audit=True)
    assert (first.outcome, second.outcome) == ("error", "error")
    for text in ("the sha256 of git is", "the provides of pip is []", "nothing needs its rhash"):
        assert text in first.detail
    assert f"{wheels}:" in second.detail
    assert "it lacks numpy " in second.detail
    assert "nothing needs its evil" in second.detail


def test_a_lock_that_breaks_a_pairing_is_out_of_date(lab, monkeypatch):
    """The catalogue may learn after the lock was made that two packages do not fit each other."""
    more = '  wheels: {python: "3.12", pytorch: false, pip: [pandas]}\n'
    lab.write(("studio-01", 'arch: arm64, macos: "15.1", environments: [wheels]'), more=more)
    lab.run()
    versions = {one.name: one.version for one in read_lock(lab.locks / f"wheels.{ARM}.json").wheels}
    fits = Fit(SpecifierSet(">=0"), SpecifierSet(f">={versions['pandas']}"))
    pairing = Pairing("pandas", "numpy", "it is newer", (fits,))
    known = replace(load_catalog(), pairings=(pairing,))
    monkeypatch.setattr(workspace, "load_catalog", lambda: known)
    assert [one.outcome for one in lab.run(check=True)] == ["kept"]
    broken = replace(pairing, rows=(Fit(SpecifierSet(">=0"), None),))
    known = replace(known, pairings=(broken,))
    (answer,) = lab.run(check=True)
    assert answer.outcome == "out of date"
    assert f"its pandas is {versions['pandas']}, but it is newer, and numpy is" in answer.detail
    (answer,) = lab.run()
    assert answer.outcome == "error"
    assert "No pandas fits: it is newer, and numpy is" in answer.detail


def test_what_is_worth_knowing_of_a_lock_comes_with_it(lab, monkeypatch):
    """Each note is a sentence about a package that may not be the newest."""
    more = '  wheels: {python: "3.12", pytorch: false, pip: [pandas]}\n'
    lab.write(("studio-01", 'arch: arm64, macos: "15.1", environments: [wheels]'), more=more)
    pairing = Pairing("pandas", "numpy", "so", (Fit(SpecifierSet(">=0"), SpecifierSet("<99")),))
    known = replace(load_catalog(), pairings=(pairing,))
    monkeypatch.setattr(workspace, "load_catalog", lambda: known)
    (answer,) = lab.run()
    (note,) = answer.notes
    assert re.fullmatch(r"pandas \S+ may not be the newest: so, and numpy is \S+", note)


def test_a_lock_of_an_unused_class_is_kept(lab):
    """A Mac that returns finds its lock again. Other files are kept too."""
    lab.lock()
    (lab.locks / "README").write_text("mine", encoding="utf-8")
    before = lab.files()
    lab.write(MACS[0])
    assert outcomes(lab.run()) == [("plain", ARM, "kept")]
    assert lab.files() == before


def test_a_damaged_lock_is_reported_and_kept(lab):
    """It can be somebody's merge conflict. Only `--upgrade` overwrites it."""
    lab.write(MACS[0])
    lab.lock()
    path = lab.locks / NAMES[1]
    path.write_text("<<<<<<< HEAD\n", encoding="utf-8")
    for check in (True, False):
        (answer,) = lab.run(check=check)
        assert answer.outcome == "error"
        assert f"{path}:1:1: this is not a lock file" in answer.detail
    assert path.read_text(encoding="utf-8") == "<<<<<<< HEAD\n"
    assert outcomes(lab.run(upgrade=True)) == [("plain", ARM, "written")]
    read_lock(path)


def test_a_lock_that_cannot_be_written_is_an_error(lab):
    """A file at the path of the locks folder is such a case."""
    lab.write(MACS[0])
    lab.locks.parent.write_text("", encoding="utf-8")
    (answer,) = lab.run()
    assert answer.outcome == "error"
    assert "cannot be written" in answer.detail
    assert sorted(path.name for path in lab.path.parent.iterdir()) == ["lab.yaml", "locks"]


def test_a_mac_of_unknown_class_is_read(lab):
    """Its facts decide. If it is unreachable, that is an error, and the others are locked."""
    lab.write(MACS[0], ("studio-03", "arch: arm64"), ("studio-04", 'macos: "15.1"'))
    workspace = open_workspace(lab.path)
    assert [mac.name for mac in without_class(workspace.lab)] == ["studio-03", "studio-04"]
    told = {"studio-03": state(arch="x86_64", macos="12.7.1")}
    answers = lab.run(told, {"studio-04": "127.0.0.1:22 refused the connection"})
    assert outcomes(answers) == [
        ("plain", ARM, "written"),
        ("plain", INTEL, "written"),
        ("plain", "", "error"),
    ]
    assert answers[2].detail.startswith("studio-04: ")
    assert "(127.0.0.1:22 refused the connection)" in answers[2].detail
    assert "write `arch:` and `macos:`" in answers[2].detail


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ('arch: arm64, macos: "10.9"', "10.9"),
        ('arch: arm64, macos: "15.1", environments: [old]', "2.2.2"),
        ('arch: arm64, macos: "15.6", channels: [mine, conda-forge]', "different channels"),
        (
            'arch: arm64, macos: "15.6", indexes: {i: {url: "file:///i", packages: [a]}}',
            "different wheel indexes",
        ),
    ],
)
def test_a_mac_without_a_lock_has_a_reason(lab, how, said):
    """It has no class, no PyTorch fits, or two Macs have different channels or indexes."""
    more = '  old: {python: "3.13", pytorch: {release: "2.2.2"}}\n'
    lab.write(MACS[0], ("studio-09", how), more=more)
    lab.lock()
    kept, failed = lab.run()
    assert (kept.mac_class.subdir, kept.outcome) == ("osx-arm64", "kept")
    assert failed.outcome == "error"
    assert said in failed.detail


def test_the_exit_code_reports_errors_and_outdated_locks(lab, torchard):
    """0 if all are up to date, 2 if `--check` finds others, 1 for an error, which wins."""
    check = torchard("lock", lab.path, "--check", TORCHARD_DEPOT="/nowhere")
    assert (check.returncode, check.stderr) == (2, "")
    assert check.stdout.count("out of date plain for ") == 2
    assert not lab.locks.exists()
    done = torchard("lock", lab.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:4] for line in done.stdout.splitlines() if ".json" in line] == [
        ["written", "plain", "for", ARM],
        ["written", "plain", "for", INTEL],
    ]
    check = torchard("lock", lab.path, "--check", TORCHARD_DEPOT="/nowhere")
    assert (check.returncode, check.stderr) == (0, "")
    assert check.stdout.count("kept        plain for ") == 2
    (lab.locks / NAMES[0]).write_text("{}", encoding="utf-8")
    (lab.locks / NAMES[1]).unlink()
    check = torchard("lock", lab.path, "--check")
    assert check.returncode == 1
    assert "this is not a lock file" in check.stderr
    assert "Traceback" not in check.stderr
    assert check.stdout.count("out of date plain for ") == 1


def test_upgrade_and_check_exclude_each_other(lab, torchard):
    """One solves again, and the other writes nothing."""
    done = torchard("lock", lab.path, "--upgrade", "--check")
    assert done.returncode == 1
    assert "exclude each other" in done.stderr


def test_an_unreachable_mac_of_unknown_class_is_an_error(lab, torchard):
    """The other Macs are locked."""
    lab.write(MACS[0], ("studio-03", "ssh: {user: ann, port: 1}"))
    done = torchard("lock", lab.path)
    assert done.returncode == 1
    assert "studio-03" in done.stderr
    assert "write `arch:` and `macos:`" in done.stderr
    assert done.stdout.startswith("written     plain for ")
    assert json.loads((lab.locks / NAMES[1]).read_text(encoding="utf-8"))["environment"] == "plain"

"""A bundle has all that a lab needs, and stands for the network; what is wrong in it is named."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from torchard.depot.bundle import (
    Bundle,
    BundleError,
    form_bundle_url,
    form_path,
    remove_unnamed,
)
from torchard.depot.depot import Depot
from torchard.errors import TorchardError
from torchard.lock.codec import MAX_BYTES
from torchard.operations.fetch_ahead import FetchAhead
from torchard.workspace.bundle import open_bundle, use_bundled_locks, verify_bundle, write_bundle
from torchard.workspace.locks import LockMissingError
from torchard.workspace.update_locks import update_locks
from torchard.workspace.workspace import open_workspace

CLASS = "osx-arm64-macos15"
OUTSIDE = json.dumps({"name": "../a.whl", "sha256": "0" * 64, "size": 1})


@pytest.fixture(scope="module")
def made(tmp_path_factory, simlab_depot, artefacts):
    """A lab of one Mac with its lock, and its bundle."""
    path = tmp_path_factory.mktemp("bundled") / "lab.yaml"
    file, sha256 = simlab_depot.installers["arm64"]
    installer = (simlab_depot.root / "installers" / file).as_uri()
    path.write_text(
        'environments:\n  plain: {python: "3.12", pytorch: false, conda: [git], pip: [einops]}\n'
        'macs:\n  one:\n    arch: arm64\n    macos: "15.1"\n    environments: [plain]\n'
        f'    miniconda: {{installer: {{url: "{installer}", sha256: "{sha256}"}}}}\n'
        f'    mirrors: {{conda: {{conda-forge: "{simlab_depot.channel.as_uri()}"}},'
        f' wheels: "{(simlab_depot.root / "simple").as_uri()}"}}\n',
        encoding="utf-8",
    )
    workspace = open_workspace(path, depot=Depot(artefacts))
    assert [one.outcome for one in update_locks(workspace, {}, {})] == ["written"]
    *_, report = write_bundle(workspace, {}, path.parent / "bundle", FetchAhead)
    return SimpleNamespace(path=path, folder=path.parent / "bundle", report=report, file=file)


@pytest.fixture
def lab(made, tmp_path):
    """A copy of that lab, its lock and its bundle, which a test may change."""
    shutil.copytree(made.path.parent, tmp_path / "copy")
    return tmp_path / "copy" / "lab.yaml"


def opened(lab, *, replace=False, write=True):
    """Open the lab with its bundle in place of the network."""
    bundle = open_bundle(lab.parent / "bundle", lab)
    workspace = open_workspace(lab, locked=True, depot=bundle)
    use_bundled_locks(workspace, bundle, replace=replace, write=write)
    return workspace


def fetch_all(workspace):
    """Take the installer and every package of the lab's Mac from its bundle."""
    mac = workspace.find_mac("one")
    (update,) = update_locks(workspace, {}, {})
    assert update.outcome in {"kept", "written"}, update.detail
    environment = workspace.lab.environments["plain"]
    lock = workspace.locks.find(environment, update.mac_class, mac)
    return [workspace.artefacts.fetch(one, lock, mac) for one in (*lock.conda, *lock.wheels)]


def test_a_bundle_has_the_lock_the_installer_and_every_package(made, simlab_depot):
    """Each is below its own sha256, and the index has their sizes."""
    index = json.loads((made.folder / "index/lab.json").read_text(encoding="utf-8"))
    names = {one["name"] for one in index["artefacts"]}
    assert made.file in names
    assert {re.split(r"-\d", name)[0] for name in names} >= {"python", "git", "einops"}
    for one in index["artefacts"]:
        path = made.folder / "sha256" / one["sha256"][:2] / one["sha256"] / one["name"]
        assert path.stat().st_size == one["size"]
    assert [one["name"] for one in index["locks"]] == [f"plain.{CLASS}.json"]
    assert made.report.new == made.report.bytes > 0
    found = {path.name for path in made.folder.rglob("*") if path.is_file()}
    assert not [name for name in found if name.endswith(".partial")]


def test_the_same_command_writes_only_what_is_missing_or_damaged(lab, artefacts):
    """So a bundle that was stopped is continued."""
    folder = lab.parent / "bundle"
    damaged, missing = sorted(folder.glob("sha256/*/*/*.conda"))[:2]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + b"?")
    size = missing.stat().st_size
    missing.unlink()
    workspace = open_workspace(lab, depot=Depot(artefacts))
    *_, report = write_bundle(workspace, {}, folder, FetchAhead)
    assert report.new == len(whole) + size
    assert damaged.read_bytes() == whole
    *_, again = write_bundle(workspace, {}, folder, FetchAhead)
    assert again.new == 0


def test_a_bundle_stands_for_the_network(lab, monkeypatch):
    """Nothing is asked for and nothing solved, also if the lab has no locks."""
    monkeypatch.setattr("torchard.depot.connection.open_url", lambda *_: pytest.fail("network"))
    monkeypatch.setattr("torchard.lock.resolve.resolve", lambda *_: pytest.fail("solved"))
    shutil.rmtree(lab.parent / "locks")
    workspace = opened(lab)
    assert [one.name for one in workspace.locks.written] == [f"plain.{CLASS}.json"]
    assert all(lab.parent / "bundle" in path.parents for path in fetch_all(workspace))


@pytest.mark.parametrize("how", ["missing", "truncated"])
def test_an_incomplete_bundle_is_an_error_at_once(lab, how):
    """It names the file, and what to type."""
    file = min((lab.parent / "bundle").glob("sha256/*/*/*.conda"))
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BundleError, match=re.escape(str(file))) as said:
        opened(lab)
    assert f"torchard bundle {lab.parent / 'bundle'} {lab}`" in said.value.instead
    assert "where there is a network" in said.value.instead


def test_a_changed_file_of_the_same_size_is_an_error_when_it_is_used(lab):
    """Nothing takes it; `--check` finds it too."""
    for file in (lab.parent / "bundle").glob("sha256/*/*/git-*.conda"):
        file.write_bytes(b"?" + file.read_bytes()[1:])
    with pytest.raises(BundleError, match=r"git-.* does not have its sha256"):
        fetch_all(opened(lab))
    *_, report = verify_bundle(lab.parent / "bundle", lab)
    assert report.exit_code == 1
    assert len(report.damage) == 1
    assert "git-" in report.damage[0]


@pytest.mark.parametrize(
    ("place", "typed"),
    [("copy", "lab.yaml"), (".", "copy/lab.yaml"), ("other", "../copy/lab.yaml")],
)
def test_the_command_for_another_bundle_names_the_lab_as_it_was_typed(
    lab, tmp_path, monkeypatch, place, typed
):
    """So it works from the working directory."""
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / place)
    bundle = Bundle(lab.parent / "bundle", Path(typed))
    assert bundle.command == f"torchard bundle {lab.parent / 'bundle'} {typed}"
    monkeypatch.chdir(tmp_path)
    assert Bundle(lab.parent / "bundle", lab).command.endswith(" copy/lab.yaml")


def test_a_check_lists_all_damage_whatever_its_kind(lab, torchard):
    """A missing file, a shorter one and a changed one, as JSON and as text: exit 1."""
    folder = lab.parent / "bundle"
    missing, short, changed, *_ = sorted(folder.glob("sha256/*/*/*.conda"))
    lock = next(folder.glob("locks/lab/*.json"))
    missing.unlink()
    for path in (short, lock):
        path.write_bytes(path.read_bytes()[:-1])
    changed.write_bytes(b"?" + changed.read_bytes()[1:])
    words = ["bundle", folder, lab, "--check"]
    text, as_json = torchard(*words), torchard(*words, "--json")
    assert (text.returncode, as_json.returncode, as_json.stderr) == (1, 1, "")
    found = json.loads(as_json.stdout)
    expected = {missing: "is missing", short: "has ", lock: "has ", changed: "has the wrong sha256"}
    damage = {one.partition(" ")[0]: one for one in found["damage"]}
    assert damage.keys() == {str(path.relative_to(folder)) for path in expected}
    for path, says in expected.items():
        name = str(path.relative_to(folder))
        assert damage[name].startswith(f"{name} {says}")
        assert damage[name] in text.stderr
    assert found["is_whole"] is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[" * 100_000,
        '{"format": 2, "lab": "lab", "locks": [], "artefacts": []}',
        f'{{"format": 1, "lab": "lab", "locks": [], "artefacts": [{OUTSIDE}]}}',
        '{"format": 1, "lab": "lab", "locks": [], "artefacts": [], "more": 1}',
    ],
)
def test_an_index_that_is_not_one_is_an_error(lab, text):
    """A file in it never names a path."""
    (lab.parent / "bundle/index/lab.json").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match="has no bundle of the lab lab"):
        opened(lab)


def test_a_folder_without_this_lab_is_an_error(lab):
    """One folder may have the bundles of several labs."""
    other = lab.with_name("other.yaml")
    other.write_bytes(lab.read_bytes())
    with pytest.raises(BundleError, match="has no bundle of the lab other") as said:
        open_bundle(lab.parent / "bundle", other)
    assert "other.yaml" in said.value.instead


def test_another_lock_of_the_lab_is_not_replaced_unless_asked_for(lab):
    """`torchard lock --depot` takes the bundle's."""
    file = lab.parent / "locks/lab" / f"plain.{CLASS}.json"
    before = file.read_bytes()
    file.write_bytes(before + b"\n")
    with pytest.raises(BundleError, match="is not the lock in the bundle") as said:
        opened(lab)
    assert "torchard lock" in said.value.instead
    assert file.read_bytes() == before + b"\n"
    opened(lab, replace=True)
    assert file.read_bytes() == before


def test_a_lab_that_changed_since_needs_another_bundle(lab):
    """The message says what to type, and nothing is solved."""
    lab.write_text(
        lab.read_text(encoding="utf-8").replace("[git]", "[git, rhash]"), encoding="utf-8"
    )
    workspace = opened(lab)
    environment, mac = workspace.lab.environments["plain"], workspace.find_mac("one")
    (update,) = update_locks(workspace, {}, {})
    assert update.outcome == "out of date"
    with pytest.raises(LockMissingError) as said:
        workspace.locks.find(environment, update.mac_class, mac)
    assert "torchard bundle" in said.value.instead


def test_a_changed_lock_in_a_bundle_is_an_error(lab):
    """It is not written beside the lab."""
    shutil.rmtree(lab.parent / "locks")
    file = lab.parent / "bundle/locks/lab" / f"plain.{CLASS}.json"
    file.write_bytes(b" " + file.read_bytes()[1:])
    with pytest.raises(BundleError, match=r"plain.* does not have its sha256"):
        opened(lab)
    assert not (lab.parent / "locks").exists()


def rewrite_lock(lab, content, name=f"plain.{CLASS}.json"):
    """Put a file of these bytes in place of the lock in a bundle, with an index that fits."""
    shutil.rmtree(lab.parent / "locks", ignore_errors=True)
    folder = lab.parent / "bundle"
    (folder / "locks/lab" / name).write_bytes(content)
    index = json.loads((folder / "index/lab.json").read_bytes())
    sha256 = hashlib.sha256(content).hexdigest()
    index["locks"] = [{"name": name, "sha256": sha256, "size": len(content)}]
    (folder / "index/lab.json").write_text(json.dumps(index), encoding="utf-8")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"{}", b"a\r\nb"])
def test_a_file_of_a_bundle_that_is_not_a_lock_is_not_written_beside_the_lab(lab, content):
    """Although its sha256 is right."""
    rewrite_lock(lab, content)
    with pytest.raises(BundleError, match=r"bundle/locks/lab/plain.*is not a lock file") as said:
        opened(lab)
    assert "torchard bundle" in said.value.instead
    assert not (lab.parent / "locks").exists()


def test_a_lock_of_another_name_is_not_written_beside_the_lab(lab):
    """A lock is only for its own environment and class; a file of any other name is ignored."""
    content = (lab.parent / "locks/lab" / f"plain.{CLASS}.json").read_bytes()
    rewrite_lock(lab, content, "plain.osx-arm64-macos14.json")
    with pytest.raises(BundleError, match=f"is a lock of plain for {CLASS}"):
        opened(lab)
    rewrite_lock(lab, b'{"x": 1}', "package.json")
    assert opened(lab).locks.written == set()
    assert not (lab.parent / "locks").exists()


@pytest.mark.parametrize("place", ["index/lab.json", "locks/lab/{lock}", "{artefact}"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_in_a_bundle_is_an_error_at_once(lab, place, kind):
    """No command waits for it, or reads it without an end."""
    folder = lab.parent / "bundle"
    artefact = min(folder.glob("sha256/*/*/*.conda")).relative_to(folder)
    path = folder / place.format(lock=f"plain.{CLASS}.json", artefact=artefact)
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    if not place.startswith("index"):  # which has the size of a pipe
        index = json.loads((folder / "index/lab.json").read_bytes())
        for one in (*index["locks"], *index["artefacts"]):
            one["size"] *= one["name"] != path.name
        (folder / "index/lab.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(BundleError, match="is not a file"):
        opened(lab)
    if not place.startswith("index"):
        *_, report = verify_bundle(folder, lab)
        assert [one.endswith("is not a file") for one in report.damage] == [True]


def test_a_lock_of_a_bundle_has_the_bound_of_any_lock(lab):
    """An index that promises more is an error, before the lock is read."""
    index = lab.parent / "bundle/index/lab.json"
    text = json.loads(index.read_bytes())
    text["locks"][0]["size"] = MAX_BYTES
    index.write_text(json.dumps(text), encoding="utf-8")
    with pytest.raises(BundleError, match=r"has \d+ bytes, and its index says"):
        opened(lab)
    text["locks"][0]["size"] += 1
    index.write_text(json.dumps(text), encoding="utf-8")
    with pytest.raises(BundleError, match=r"has no bundle of the lab lab: .*\$\.locks"):
        opened(lab)


def test_a_clean_removes_the_files_of_earlier_locks(lab, artefacts):
    """What another lab needs, and what has no name of a bundle's, stays."""
    folder = lab.parent / "bundle"
    needed = {path for path in folder.rglob("*") if path.is_file()}
    old, others = "a" * 64, "b" * 64
    for sha256, name in ((old, "old-1-0.conda"), (others, "other-1-0.conda"), (old, "notes.txt")):
        path = folder / form_path(sha256, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"bytes")
    (folder / "locks/lab/old.json").write_bytes(b"{}")
    (folder / "sha256/aa/linked.whl").symlink_to(lab)
    other = {"name": "other-1-0.conda", "sha256": others, "size": 5}
    index = {"format": 1, "lab": "other", "locks": [], "artefacts": [other]}
    (folder / "index/other.json").write_text(json.dumps(index), encoding="utf-8")
    workspace = open_workspace(lab, depot=Depot(artefacts))
    *_, kept = write_bundle(workspace, {}, folder, FetchAhead)
    *_, cleaned = write_bundle(workspace, {}, folder, FetchAhead, clean=True)
    assert (kept.removed, cleaned.removed) == (0, 5 + 2)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found - {str(path.relative_to(folder)) for path in needed} == {
        "index/other.json",
        form_path(old, "notes.txt"),
        form_path(others, "other-1-0.conda"),
        "sha256/aa/linked.whl",
    }
    assert all(path.exists() for path in needed)
    *_, verified = verify_bundle(folder, lab)
    assert verified.exit_code == 0


@pytest.mark.parametrize(
    "place",
    [".torchard-bundle.lock", "index", "locks", "locks/other", "sha256", "sha256/aa/" + "a" * 64],
)
def test_nothing_is_written_or_removed_behind_a_link(made, artefacts, tmp_path, place):
    """The folder that it leads to is a person's, and its files have names of a bundle's."""
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("backup.sh", "package.json"):
        (mine / name).write_text("mine", encoding="utf-8")
    folder = tmp_path / "bundle"
    link = folder / place
    link.parent.mkdir(parents=True)
    link.symlink_to(mine)
    workspace = open_workspace(made.path, depot=Depot(artefacts))
    with pytest.raises(BundleError, match=f"{place} is a link"):
        list(write_bundle(workspace, {}, folder, FetchAhead, clean=True))
    with pytest.raises(BundleError, match=f"{place} is a link"):
        remove_unnamed(folder)
    assert {one.name: one.read_text(encoding="utf-8") for one in mine.iterdir()} == {
        "backup.sh": "mine", "package.json": "mine",
    }  # fmt: skip


def test_no_file_is_written_through_a_link(made, artefacts, tmp_path):
    """Neither one of a name that is only used while a file is written, nor one in its place."""
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    folder = tmp_path / "bundle"
    (folder / "index").mkdir(parents=True)
    (folder / "index/.lab.json.partial").symlink_to(mine)
    (folder / "index/lab.json").symlink_to(mine)
    workspace = open_workspace(made.path, depot=Depot(artefacts))
    *_, report = write_bundle(workspace, {}, folder, FetchAhead)
    assert report.exit_code == 0
    assert mine.read_text(encoding="utf-8") == "mine"
    assert not (folder / "index/lab.json").is_symlink()


def test_a_clean_removes_nothing_while_an_index_cannot_be_read(lab, artefacts):
    """The files that it names may be needed."""
    folder = lab.parent / "bundle"
    old = folder / form_path("a" * 64, "old-1-0.conda")
    old.parent.mkdir(parents=True)
    old.write_bytes(b"bytes")
    (folder / "index/other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BundleError, match=r"Nothing was removed, because .*other.json"):
        list(
            write_bundle(
                open_workspace(lab, depot=Depot(artefacts)), {}, folder, FetchAhead, clean=True
            )
        )
    assert old.exists()


def test_each_report_says_what_is_there_so_far(made, artefacts, tmp_path):
    """So a bundle that is interrupted says how far it came, and leaves the folder to the next."""
    workspace = open_workspace(made.path, depot=Depot(artefacts))
    reports = write_bundle(workspace, {}, tmp_path / "bundle", FetchAhead)
    first, second = next(reports), next(reports)
    assert (first.artefacts, second.artefacts, second.is_whole) == (1, 2, False)
    files = (tmp_path / "bundle").glob("sha256/*/*/*")
    assert second.bytes == second.new == sum(path.stat().st_size for path in files)
    reports.close()
    *_, last = write_bundle(workspace, {}, tmp_path / "bundle", FetchAhead)
    assert (last.is_whole, last.new) == (True, last.bytes - second.bytes)


def test_only_one_process_writes_to_a_folder(lab, artefacts):
    """The other one says so and changes nothing."""
    workspace = open_workspace(lab, depot=Depot(artefacts))
    with (
        FileLock(lab.parent / "bundle/.torchard-bundle.lock"),
        pytest.raises(BundleError, match="Another process writes"),
    ):
        list(write_bundle(workspace, {}, lab.parent / "bundle", FetchAhead))


def test_a_folder_that_cannot_be_written_is_an_error(lab, artefacts):
    """The message names it."""
    workspace = open_workspace(lab, depot=Depot(artefacts))
    (lab.parent / "file").touch()
    with pytest.raises(TorchardError, match="cannot be written to"):
        list(write_bundle(workspace, {}, lab.parent / "file", FetchAhead))


def test_a_url_in_a_bundle_is_safe_for_any_server():
    """An object store may read `+` as a space."""
    url = form_bundle_url("https://a.example/lab/", "ab" * 32, "torch-2.6.0+cpu-cp312.whl")
    assert url == f"https://a.example/lab/sha256/ab/{'ab' * 32}/torch-2.6.0%2Bcpu-cp312.whl"


def test_a_bundle_knows_what_it_has(lab):
    """A plan fetches nothing of that."""
    bundle = Bundle(lab.parent / "bundle", lab)
    assert all(bundle.has_file(one.sha256) for one in bundle.index.artefacts)
    assert not bundle.has_file("0" * 64)
    with pytest.raises(BundleError, match=r"does not have a\.whl"):
        bundle.fetch("a.whl", "0" * 64, 1, str)


def test_the_command_says_why_there_is_no_bundle(lab, torchard):
    """On stderr, or as JSON on stdout; nothing is written."""
    shutil.rmtree(lab.parent / "locks")
    words = ["bundle", lab.parent / "other", lab, "--locked"]
    text, as_json = torchard(*words), torchard(*words, "--json")
    assert (text.returncode, as_json.returncode, text.stdout) == (1, 1, "")
    assert "Run `torchard lock`, or leave out --locked." in text.stderr
    (error,) = json.loads(as_json.stdout)["errors"]
    assert error.endswith("Run `torchard lock`, or leave out --locked.")
    assert not (lab.parent / "other").exists()

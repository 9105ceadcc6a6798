"""What the probe reads of environments and generations: records, distributions, stamps."""

from __future__ import annotations

import json
import os
import runpy

import pytest
from probed import SHA256, STAMP, conda_record, dist, generation, only, read, record, whole, write

from torchard.mac.generations import explain_not_whole
from torchard.mac.state import InstalledConda, InstalledDist, Link
from torchard.resources import find_resource


def test_what_is_at_each_environments_name_is_reported(root):
    """Links with their targets, dangling or not; real directories and files have none."""
    path = generation(root)
    envs = whole(root / "home/miniconda3") / "envs"
    write(envs / ".conda_envs_dir_test")
    (envs / "shown").symlink_to(path)
    (envs / "chain").symlink_to("shown")
    (envs / "dangling").symlink_to("/nowhere/at all")
    (envs / "real").mkdir()
    write(envs / "file")
    state = read(root)
    assert state.links == {
        "shown": Link("shown", str(path)),
        "chain": Link("chain", "shown"),
        "dangling": Link("dangling", "/nowhere/at all"),
        "real": Link("real", None),
        "file": Link("file", None),
    }
    assert set(state.environments) == {str(path), str(envs / "real")}


def test_a_real_environment_is_read_with_its_packages(root):
    """A person's own environment counts like a generation."""
    path = whole(root / "home/miniconda3") / "envs/thesis"
    write(path / "conda-meta/history")
    record(path, "numpy-2.0-h1_0", conda_record(SHA256))
    dist(path, "torch-2.9.1.dist-info")
    environment = only(read(root))
    assert (environment.path, environment.whole, environment.damaged) == (str(path), True, False)
    assert environment.conda == (InstalledConda("numpy", "2.0", "h1_0", SHA256),)
    assert environment.dists == (InstalledDist("torch", "2.9.1"),)
    assert environment.stamp is None


def _by_rattler(sha256):
    """Write a record as rattler does: the archive's sum before the files."""
    data = json.loads(conda_record(sha256))
    return json.dumps({"sha256": data.pop("sha256"), **data, "paths": _FILES}, indent=2)


def _in_the_middle(sha256):
    """Write a record as nobody does."""
    return json.dumps({"a": _FILES, "sha256": sha256, "z": _FILES}, indent=2)


_FILES = [{"_path": f"lib/{number}.py", "sha256": "e" * 64} for number in range(300)]


@pytest.mark.parametrize(
    "text",
    [
        conda_record(SHA256),
        conda_record(SHA256, indent=4),
        conda_record(SHA256, files=_FILES),
        _by_rattler(SHA256),
        _in_the_middle(SHA256),
    ],
    ids=["conda", "micromamba", "long", "rattler", "middle"],
)
def test_the_sha256_of_a_record_is_its_archives_and_not_a_files(root, text):
    """Two spaces are what conda and rattler indent by, four what micromamba does."""
    path = generation(root)
    record(path, "python-dateutil-2.9.0.post0-pyhe01879c_2", text)
    package = InstalledConda("python-dateutil", "2.9.0.post0", "pyhe01879c_2", SHA256)
    assert only(read(root)).conda == (package,)


def test_a_line_that_is_cut_never_counts_as_a_records_own(root):
    """Wherever the cut falls in the list of its files, whose sums are indented further."""
    path = generation(root)
    for length in range(160):
        text = conda_record(SHA256, files=_FILES)
        record(path, f"p{length}-1-0", text.replace(".conda", "x" * length + ".conda"))
    assert {one.sha256 for one in only(read(root)).conda} == {SHA256}


def test_a_record_that_cannot_be_read_has_no_sha256_and_stops_no_other(root):
    """Empty, cut short, a dangling link, bytes that are not text."""
    path = generation(root)
    record(path, "a-1-0", "")
    record(path, "b-1-0", conda_record(SHA256)[:-150])
    (path / "conda-meta/c-1-0.json").symlink_to("/nowhere")
    record(path, "d-1-0", b'{\n  "sha256": "\xff\x00\xfe",\n')
    record(path, "f-1!1.0+b-0", conda_record(SHA256))
    environment = only(read(root))
    assert [(one.name, one.version, one.sha256) for one in environment.conda] == [
        *((name, "1", None) for name in "abcd"),
        ("f", "1!1.0+b", SHA256),
    ]
    assert not environment.damaged


def test_a_record_that_is_a_directory_means_damaged(root):
    """Some awks end there; what came before is reported, and the rest of the Mac too."""
    path = generation(root)
    record(path, "a-1-0", conda_record(SHA256))
    (path / "conda-meta/b-1-0.json").mkdir()
    environment = only(read(root))
    assert environment.conda[0] == InstalledConda("a", "1", "0", SHA256)
    assert environment.damaged or environment.conda[1].sha256 is None


@pytest.mark.parametrize(
    "name",
    ["nonsense.json", "a b-1-0.json", "x-1-0\nend\tok\n-1-0.json", "é-1-0.json", "a-1-0.json.c~"],
)
def test_broken_records_mean_damaged(root, name):
    """An interrupted conda leaves `*.c~`; any other name makes conda itself fail."""
    path = generation(root)
    write(path / "conda-meta" / name, "{}")
    record(path, "z-1-0", conda_record(SHA256))
    environment = only(read(root))
    assert environment.damaged
    assert environment.conda == (InstalledConda("z", "1", "0", SHA256),)


def test_a_distribution_is_what_pip_would_list(root):
    """With METADATA, under a name that a wheel can have, once though python3.1 is a link."""
    path = generation(root)
    dist(path, "torch-2.9.1+cpu.dist-info")
    dist(path, "ruamel.yaml-0.18.dist-info")
    dist(path, "~orch-2.9.0.dist-info")
    dist(path, "_private-1.0.dist-info")
    dist(path, "tb\tnightly\nend\tok-1.dist-info")
    dist(path, "old-1.0.egg-info")
    (path / "lib/python3.12/site-packages/hollow-1.0.dist-info").mkdir()
    (path / "lib/python3.1").symlink_to("python3.12")
    assert only(read(root)).dists == (
        InstalledDist("ruamel.yaml", "0.18"),
        InstalledDist("torch", "2.9.1+cpu"),
    )


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        (STAMP, json.loads(STAMP)),
        ('{\n\t"lock":\t"abc"\r\n}\n\n', {"lock": "abc"}),
        ('{"who": "J\\u00fcrgen \\u001b[31m"}', {"who": "Jürgen \x1b[31m"}),
        ('{"who": "Jürgen"}', {"who": "Jrgen"}),
        ("", {}),
        ("[1, 2]", {}),
        ('{"lock": "abc"', {}),
        (b'\xff\xfe\x00\x00{"lock": 1}', {"lock": 1}),
        ("x\nend\tok\nkernel\tLinux\n", {}),
        ('{"a":' + "[" * 30_000, {}),
        ('"' + "a" * 1_000_000 + '"', {}),
    ],
    ids=lambda value: str(value)[:12] if isinstance(value, str | bytes) else "",
)
def test_whatever_a_stamp_holds_it_stays_one_line(root, text, stamp):
    """A broken one is empty, and differs from none at all."""
    write(generation(root) / ".torchard.json", text)
    state = read(root)
    assert only(state).stamp == stamp
    assert state.macos == "15.1"


def finished(root):
    """Make a generation with every part that a whole one has."""
    path = generation(root, "torch-0123abcd")
    write(path / "bin/python").chmod(0o755)
    record(path, "python-3.12.13-h0_0", conda_record(SHA256))
    stamp = {"environment": "torch", "verification": {"python": "3.12.13"}, "path": str(path)}
    write(path / ".torchard.json", json.dumps(stamp))
    return path


def stamped(one, **more):
    content = json.loads((one / ".torchard.json").read_text())
    write(one / ".torchard.json", json.dumps({**content, **more}))


def moved_home(path):
    """Let the home be another one than that which the stamp names."""
    stamped(path, path="/Users/olga/.torchard/generations/torch-0123abcd")


def linked_home(path):
    """Let the stamp name the same home by another way to it."""
    (path.parents[3] / "by-link").symlink_to("home")
    stamped(path, path=str(path.parents[3] / "by-link" / path.relative_to(path.parents[2])))


PARTS = {
    "whole": (lambda path: path, ()),
    "python": (lambda path: (path / "bin/python").unlink(), ("its python is gone",)),
    "dangling python": (
        lambda path: ((path / "bin/python").unlink(), (path / "bin/python").symlink_to("gone")),
        ("its python is gone",),
    ),
    "history": (
        lambda path: (path / "conda-meta/history").unlink(),
        ("its conda-meta/history is gone",),
    ),
    "emptied": (
        lambda path: (
            (path / "bin/python").unlink(),
            (path / "conda-meta/python-3.12.13-h0_0.json").unlink(),
        ),
        ("its python is gone", "its conda-meta has no record of a package"),
    ),
    "moved": (
        moved_home,
        ("it was built at /Users/olga/.torchard/generations/torch-0123abcd and has moved",),
    ),
    "linked": (linked_home, ()),
    "no path": (lambda path: stamped(path, path=["x"]), None),
    "stamp": (lambda path: write(path / ".torchard.json", "{"), None),
    "verification": (lambda path: stamped(path, verification="yes"), None),
    "damaged": (lambda path: write(path / "conda-meta/x.json.c~"), None),
    "failed": (lambda path: write(path / ".torchard-failed.json", "{}"), None),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_mac_and_the_plan_judge_a_generation_alike(root, part):
    """The probe says what is missing; generation.py would show just what the plan would."""
    path = finished(root)
    spoil, said = PARTS[part]
    spoil(path)
    found = only(read(root))
    assert said is None or set(explain_not_whole(found)) == set(said)
    program = find_resource("torchard/operations/scripts/generation.py")
    judged = runpy.run_path(os.fspath(program))["is_whole"](os.fspath(path))
    assert found.is_usable == judged == (part in {"whole", "linked"})


def test_a_note_of_a_failed_verification_is_read(root):
    """Its day and its reason on one line, as far as they are what we write."""
    path = finished(root)
    note = write(path / ".torchard-failed.json")
    for text, failed in (
        ('{"date": "2026-11-30 09:00:00", "reason": "a is\\n missing"}', "2026-11-30 a is missing"),
        ('{"date": "x", "reason": 5}', " the note does not say why"),
        ("[]", " the note does not say why"),
        (json.dumps({"date": None, "reason": "ü" * 1000}), " " + "ü" * 300),
    ):
        write(note, text)
        assert " ".join(only(read(root)).failed) == failed


def test_links_into_a_home_that_is_gone_differ_from_others(root):
    """A renamed home, the same one by another name, another account's, an absent volume's."""
    path = finished(root)
    envs = whole(root / "home/miniconda3") / "envs"
    envs.mkdir()
    (root / "by-link").symlink_to("home")
    (root / "other").mkdir()
    rest = path.relative_to(root / "home")
    homes = {"moved": "old", "linked": "by-link", "others": "other", "volume": "volume/old"}
    for name, home in homes.items():
        (envs / name).symlink_to(root / home / rest)
    assert read(root).links == {
        "moved": Link("moved", str(root / "old" / rest), moved=True),
        "linked": Link("linked", str(path)),
        "others": Link("others", str(root / "other" / rest)),
        "volume": Link("volume", str(root / "volume/old" / rest)),
    }

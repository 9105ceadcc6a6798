"""The target of each Mac: what it should become, or what blocks it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from locked import answer, package, wheel
from locked import mac as mac_of

from torchard.catalog.mac_class import MacClass
from torchard.errors import TorchardError
from torchard.lab.model import Miniconda
from torchard.lock.codec import format_lock
from torchard.lock.lockfile import LockError, lock_path
from torchard.lock.question import Question
from torchard.mac.state import RunLock
from torchard.plan.blockers import find_blockers
from torchard.workspace import runs
from torchard.workspace import workspace as workspaces
from torchard.workspace.locks import LockMissingError, list_channels, nightly_index
from torchard.workspace.workspace import open_workspace

NEWEST, OLDER = MacClass("osx-arm64", "15.0"), MacClass("osx-arm64", "14.0")
BARE = mac_of(prefix_state="absent", prefix_arch=None)
WHOLE = mac_of(macos="15.0")
PINNED = ', miniconda: {version: "26.5.3-1"}'
OURS = {"sha256": "0" * 64, "version": "25.7.0-2"}


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Open a lab of one Mac and its environments; `more` is more YAML of the Mac."""
    monkeypatch.setattr(workspaces, "_WORKSPACES", {})

    def opened(more="", environments='torch: {python: "3.12"}', macs="", *, locked=True):
        path = tmp_path / "lab.yaml"
        path.write_text(
            f"environments:\n  {environments}\nmacs:\n"
            f"  studio-01: {{environments: [torch]{more}}}\n{macs}",
            encoding="utf-8",
        )
        return open_workspace(path, locked=locked)

    return opened


def locked(space, group=NEWEST, conda=(), wheels=()):
    """Write the lock of a lab's environment `torch` for a class."""
    environment, mac = space.lab.environments["torch"], space.find_mac("studio-01")
    variant = space.locks.choose_variant(environment, group)
    question = Question(environment, group, variant, list_channels(variant, mac, space.catalogue))
    made = answer(question, conda, wheels)
    path = lock_path(space.lab.path, "torch", group)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(format_lock(made), encoding="utf-8")
    return made


def blockers(space, state):
    return find_blockers(space.find_target(space.find_mac("studio-01"), state))


def test_a_lock_file_is_read_once(workspace):
    """All Macs of its class get the lock that was read first."""
    space = workspace()
    made = locked(space)
    target = space.find_target(space.find_mac("studio-01"), WHOLE)
    assert target.locks == {"torch": made}
    assert (target.mac_class, target.blockers, target.warnings) == (NEWEST, (), ())
    shutil.rmtree(space.lab.path.parent / "locks")
    assert space.find_target(space.find_mac("studio-01"), WHOLE).locks == {"torch": made}


def test_a_missing_lock_is_an_error_if_locks_are_read_only(workspace):
    """Nothing is solved or written. The message says what to type, the same for every Mac."""
    space = workspace()
    with pytest.raises(LockMissingError, match=r"The lock \S+/torch\.\S+ is missing\.") as said:
        space.find_target(space.find_mac("studio-01"), WHOLE)
    assert said.value.instead == "Run `torchard lock`, or leave out --locked."
    assert not (space.lab.path.parent / "locks").exists()
    locked(space)
    with pytest.raises(LockMissingError) as again:
        space.find_target(space.find_mac("studio-01"), WHOLE)
    assert again.value is said.value


@pytest.mark.parametrize(
    "environments",
    [
        'torch: {python: "3.11"}',
        'torch: {python: "3.12", pip: [einops]}',
        'torch: {python: "3.12", conda: [nodejs]}',
        'torch: {python: "3.12", pytorch: {release: "2.14.1"}}',
        'torch: {python: "3.12", pytorch: {with: []}}',
        'torch: {python: "3.12", pytorch: {source: conda-forge}}',
        'torch: {python: "3.12", pytorch: false}',
    ],
)
def test_the_lock_of_a_changed_environment_is_out_of_date(workspace, environments):
    """This holds for every key of the environment."""
    locked(workspace())
    space = workspace(environments=environments)
    with pytest.raises(LockMissingError, match="is out of date"):
        space.find_target(space.find_mac("studio-01"), WHOLE)


def test_mirrors_and_ssh_do_not_change_a_lock(workspace):
    """Mirrors have the same files, and the connection does not matter."""
    made = locked(workspace())
    space = workspace(", mirrors: {wheels: 'https://mirror.example.com/simple'}, ssh: {user: ann}")
    assert space.find_target(space.find_mac("studio-01"), WHOLE).locks == {"torch": made}


def test_a_lock_of_other_channels_is_out_of_date(workspace):
    """The same name in another channel is another package."""
    locked(workspace())
    space = workspace(", channels: [bioconda, conda-forge]")
    with pytest.raises(LockMissingError, match="is out of date"):
        space.find_target(space.find_mac("studio-01"), WHOLE)


def test_a_renamed_lock_of_another_class_is_out_of_date(workspace):
    """A lock is valid only for the class for which it was solved."""
    space = workspace()
    locked(space, OLDER)
    path = lock_path(space.lab.path, "torch", OLDER)
    path.rename(lock_path(space.lab.path, "torch", NEWEST))
    with pytest.raises(LockMissingError, match="is out of date"):
        space.find_target(space.find_mac("studio-01"), WHOLE)


def test_a_lock_at_the_old_place_blocks_the_macs_that_need_it(workspace):
    """Nothing is solved in its stead until a person says so."""
    space = workspace(locked=False)
    made = locked(space)
    path = lock_path(space.lab.path, "torch", NEWEST)
    old = path.parent.parent / "torch.osx-arm64-macos15.0.json"
    path.rename(old)
    (refusal,) = blockers(space, WHOLE)
    assert refusal.startswith(f"torch: {old} is a lock file of an older Torchard.")
    assert "`torchard lock --upgrade`" in refusal
    path.write_text(format_lock(made), encoding="utf-8")
    assert blockers(workspace(), WHOLE) == ()


def test_a_damaged_lock_blocks_the_macs_that_need_it(workspace):
    """The reason is one line, and other Macs are planned."""
    space = workspace()
    locked(space, OLDER)
    path = lock_path(space.lab.path, "torch", NEWEST)
    path.write_text("{", encoding="utf-8")
    (refusal,) = blockers(space, WHOLE)
    assert refusal.startswith(f"torch: {path}:1:2: this is not a lock file")
    assert "remove it" in refusal
    assert blockers(space, replace(WHOLE, macos="14.7")) == ()


@pytest.mark.parametrize(
    ("more", "state", "wanted"),
    [
        ("", WHOLE, None),
        (", accept_license: true", BARE, "miniconda"),
        (", miniconda: {distribution: miniforge}", BARE, "miniforge"),
        (
            f", miniconda: {{installer: {{url: 'file:///Own.sh', sha256: {'a' * 64}}}}}",
            BARE,
            "Own.sh",
        ),
        (", accept_license: true", replace(BARE, prefix_state="half"), "miniconda"),
    ],
)
def test_a_mac_without_conda_gets_an_installer(workspace, more, state, wanted):
    """A whole conda needs no installer. Acceptance is only needed if the installer has terms."""
    space = workspace(more)
    locked(space)
    target = space.find_target(space.find_mac("studio-01"), state)
    assert target.blockers == ()
    one = target.installer
    assert wanted in ((None,) if one is None else (one.distribution, one.file))


def test_another_installer_is_looked_up_where_the_lab_names_one(workspace):
    """Only for one of Torchard's own, and only where the lab names a version or a file.

    Terms are asked for only where it would run.
    """
    ours = replace(WHOLE, prefix_ours=OURS)
    space = workspace(f"{PINNED}, accept_license: true")
    locked(space)
    mac = space.find_mac("studio-01")
    target = space.find_target(mac, ours)
    assert (target.installer.version, target.blockers) == ("26.5.3-1", ())
    settled = {**OURS, "sha256": target.installer.sha256}
    for state in (WHOLE, replace(WHOLE, prefix_ours=settled)):
        assert space.find_target(mac, state).installer is None
    assert "which accepts Anaconda's Terms of Service" in blockers(workspace(PINNED), ours)[0]
    assert blockers(workspace(PINNED), WHOLE) == ()
    assert space.find_target(replace(mac, miniconda=Miniconda()), ours) == (
        replace(target, mac=replace(mac, miniconda=Miniconda()), installer=None)
    )


@pytest.mark.parametrize("state", [BARE, replace(BARE, prefix_state="half")])
def test_unaccepted_terms_block_a_mac(workspace, state):
    """The reason names the terms, their address, and the two things to write."""
    space = workspace()
    locked(space)
    (refusal,) = blockers(space, state)
    for words in (
        "unattended, which accepts Anaconda's Terms of Service (https://www.anaconda.com/legal)",
        "`accept_license: true`",
        "`miniconda: {distribution: miniforge}`",
    ):
        assert words in refusal


@pytest.mark.parametrize(
    ("more", "changes", "says"),
    [
        (", arch: x86_64", {}, ":4:3 says it is x86_64, but it is arm64; write arch: arm64"),
        ("", {"arch": "riscv64"}, "its processor is riscv64, neither arm64 nor x86_64"),
        ("", {"arch": ""}, "its processor is unknown"),
        ("", {"macos": "10.9"}, "macOS"),
    ],
)
def test_a_mac_of_the_wrong_kind_is_blocked_before_solving(workspace, more, changes, says):
    """Its lock is not read or made, because that would be another Mac's."""
    space = workspace(more)
    target = space.find_target(space.find_mac("studio-01"), replace(WHOLE, **changes))
    assert says in " ".join(target.blockers)
    assert (target.locks, target.installer) == ({}, None)


@pytest.mark.parametrize("found", ["4.6.14", "4.7", "4.12.0", "26.5.3", "odd", None])
def test_a_conda_that_cannot_unpack_todays_packages_blocks_a_mac(workspace, found):
    """The reason names both things to do. A conda of unknown version is accepted."""
    space = workspace()
    locked(space)
    said = blockers(space, replace(WHOLE, conda_version=found))
    if found != "4.6.14":
        assert said == ()
        return
    assert "the conda at ~/miniconda3 is 4.6.14, and only 4.7.0 and newer" in said[0]
    assert "~/miniconda3/bin/conda update conda" in said[0]


def test_a_refused_environment_does_not_stop_the_others(workspace):
    """Each blocker names its environment and what to write; the others have their locks."""
    environments = 'torch: {python: "3.12"}\n  odd: {python: "3.5"}'
    space = workspace(environments=environments, macs="")
    made = locked(space)
    mac = replace(space.find_mac("studio-01"), environments=("odd", "torch"))
    target = space.find_target(mac, WHOLE)
    (refusal,) = target.blockers
    assert refusal.startswith("odd: No release of PyTorch has a wheel for python 3.5")
    assert "Write `python: " in refusal
    assert "\n" not in refusal
    assert target.locks == {"torch": made}


@pytest.mark.parametrize(
    ("more", "changes", "says"),
    [
        (', macos: "13.6"', {}, ["says macOS 13.6, but it runs 15.0"]),
        (', macos: "15.1"', {"macos": "15.1.2"}, []),
        (', macos: "15"', {"macos": "15.10"}, []),
        (', macos: "15.1"', {"macos": "15.10"}, ["says macOS 15.1, but it runs 15.10"]),
        ("", {"translated": True}, ["runs under Rosetta; Torchard runs native programs there"]),
        (
            "",
            {"lock": RunLock(f"{runs.this_run()}-ab", "ada@desk", 0, (41,))},
            ["an earlier run of ada@desk is still at work there"],
        ),
        ("", {"lock": RunLock("t", "ada@desk", 0)}, []),
        (PINNED, {"conda_version": "26.5.3"}, []),
        (
            PINNED,
            {"conda_version": "24.11.0"},
            ["names Miniconda 26.5.3-1, but a person installed the one at"],
        ),
        (PINNED, {}, ["(an unknown version), so Torchard keeps it"]),
    ],
)
def test_a_warning_is_not_a_blocker(workspace, more, changes, says):
    """The Mac's own macOS decides; Rosetta and this controller's ended run block nothing."""
    space = workspace(more)
    locked(space)
    target = space.find_target(space.find_mac("studio-01"), replace(WHOLE, **changes))
    assert target.blockers == ()
    assert len(target.warnings) == len(says)
    for warning, words in zip(target.warnings, says, strict=True):
        assert words in warning


@pytest.mark.parametrize(
    ("source", "conda", "names"),
    [
        ("auto", ["numpy", "llvm-openmp"], "conda's llvm-openmp:"),
        ("auto", ["intel-openmp", "llvm-openmp"], "conda's intel-openmp and llvm-openmp:"),
        ("auto", ["numpy"], None),
        ("conda-forge", ["llvm-openmp"], None),
    ],
)
def test_two_openmp_runtimes_are_a_warning(workspace, source, conda, names):
    """A torch wheel contains one, and conda's beside it can abort a program."""
    space = workspace(environments=f'torch: {{python: "3.12", pytorch: {{source: {source}}}}}')
    locked(space, conda=[package(name) for name in conda])
    target = space.find_target(space.find_mac("studio-01"), WHOLE)
    assert target.blockers == ()
    assert len(target.warnings) == (names is not None)
    if names is not None:
        assert names in target.warnings[0]
        assert "OMP: Error #15" in target.warnings[0]
        assert "from `conda:` to `pip:`" in target.warnings[0]


def test_two_macs_of_one_class_cannot_need_two_locks(workspace):
    """One file cannot hold both: the second is blocked, and the reason names both Macs."""
    space = workspace(macs="  studio-02: {environments: [torch], channels: [bioconda]}\n")
    made = locked(space)
    assert space.find_target(space.find_mac("studio-01"), WHOLE).locks == {"torch": made}
    target = space.find_target(space.find_mac("studio-02"), WHOLE)
    (refusal,) = target.blockers
    assert "studio-01 and studio-02 are both osx-arm64-macos15" in refusal
    assert "conda-forge, and bioconda" in refusal
    assert target.locks == {}


def test_the_channel_of_a_source_comes_first(workspace):
    """A request that names the source also names its channel; else the lab's order applies."""
    space = workspace(environments='torch: {python: "3.12", pytorch: {source: pytorch-channel}}')
    mac, environment = space.find_mac("studio-01"), space.lab.environments["torch"]
    variant = space.locks.choose_variant(environment, NEWEST)
    assert list_channels(variant, mac, space.catalogue) == ("pytorch", "conda-forge")
    own = replace(mac, channels=("conda-forge", "pytorch"))
    assert list_channels(variant, own, space.catalogue) == ("conda-forge", "pytorch")
    assert list_channels(None, mac, space.catalogue) == ("conda-forge",)


def test_nightly_builds_come_from_the_labs_mirror_or_the_catalogues_index(workspace):
    """The lab's mirror wins."""
    space = workspace(", mirrors: {nightly: 'https://mirror.example.com/nightly'}")
    mac = space.find_mac("studio-01")
    assert nightly_index(mac, space.catalogue) == "https://mirror.example.com/nightly"
    plain = replace(mac, mirrors=replace(mac.mirrors, nightly=None))
    assert nightly_index(plain, space.catalogue) == space.catalogue.nightly.index


def test_what_a_mac_needs_the_locks_of_follows_from_its_class(workspace):
    """A Mac that nothing fits needs none."""
    space = workspace()
    mac = space.find_mac("studio-01")
    ((environment, group),) = space.locks.list_wanted(mac, "arm64", "15.1")
    assert (environment.name, str(group)) == ("torch", "osx-arm64-macos15")
    assert space.locks.list_wanted(mac, "x86_64", "10.9") == []


def test_a_wheel_that_left_the_index_is_an_error(workspace, tmp_path):
    """The sha256 decides: another file of the same name does not replace it."""
    index = tmp_path / "simple"
    (index / "einops").mkdir(parents=True)
    other = (
        f'<a href="einops-1.0-py3-none-any.whl#sha256={"0" * 64}">einops-1.0-py3-none-any.whl</a>'
    )
    (index / "einops" / "index.html").write_text(f"<!DOCTYPE html>{other}", encoding="utf-8")
    environment = 'torch: {python: "3.12", pytorch: false, pip: [einops]}'
    space = workspace(f", mirrors: {{wheels: '{index.as_uri()}'}}", environment)
    made = locked(space, wheels=[wheel("einops")])
    with pytest.raises(LockError, match=r"no longer offers einops-1\.0-py3-none-any\.whl") as said:
        space.artefacts.fetch(made.wheels[0], made, space.find_mac("studio-01"))
    assert "torchard lock --upgrade" in said.value.instead


def test_a_process_has_one_workspace_for_a_lab(workspace):
    """deploy.py runs once for each Mac, but the lab and its locks are read once."""
    space = workspace()
    assert workspaces.get_workspace(space.lab.path) is space
    assert workspaces.get_workspace(str(space.lab.path), {}) is space
    assert open_workspace(space.lab.path) is not space


def test_data_on_the_command_line_reaches_every_mac(workspace):
    """`--data` wins over all, and is checked like the lab file."""
    path = workspace().lab.path
    space = open_workspace(path, {"environments": [], "accept_license": True})
    assert space.find_mac("studio-01").environments == ()
    assert space.find_mac("studio-01").accept_license
    with pytest.raises(TorchardError, match='there is no environment "jax"'):
        open_workspace(path, {"environments": ["jax"]})

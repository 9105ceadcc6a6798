"""What would be done to a Mac: every kind of step, and every reason to do nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from locked import (
    GENERATIONS,
    INSTALLER,
    PREFIX,
    VARIANT,
    built,
    lock,
    mac,
    package,
    path_of,
    shown,
    stamp,
    wheel,
)

from torchard.catalog.mac_class import MacClass
from torchard.lab.model import MacHost
from torchard.mac.state import InstalledDist, InstalledEnvironment
from torchard.plan.blockers import find_blockers
from torchard.plan.plan import MacPlan, Plan, plan_mac
from torchard.plan.steps import environment_step, miniconda_step
from torchard.plan.target import Target

LOCK = lock([package("python", "3.12.13"), package("pip", "25.1")], [wheel("torch", "2.2.2")])
PATH = path_of(LOCK)
OTHER = lock([package("python", "3.12.12")])


def target(state, *locks, **changes):
    known = {one.environment: one for one in locks}
    return replace(Target(MacHost("studio-01"), state, locks=known), **changes)


def step(state, locked=LOCK):
    return environment_step(locked, state)


def test_an_up_to_date_mac_has_nothing_to_do():
    """Whole, verified, and as locked, package by package; another generation does not matter."""
    state = mac(built(LOCK), built(OTHER), links={"torch": PATH})
    plan = plan_mac(target(state, LOCK, mac_class=MacClass("osx-arm64", "15.0"), warnings=("w",)))
    assert replace(plan, preconditions=()) == MacPlan(
        *("studio-01", "up_to_date", "osx-arm64-macos15", "arm64", "15.1"), warnings=("w",)
    )


def test_a_new_environment_is_added():
    """With every package, the sizes of all, what the lab names, and why this PyTorch."""
    found = step(mac())
    assert (found.kind, found.action, found.environment) == ("environment", "create", "torch")
    assert (found.path, found.reason, found.kept) == (PATH, "not there yet", 0)
    assert [one.name for one in found.packages] == ["python", "pip", "torch"]
    assert found.bytes == 1200
    assert found.requested == ("python", "torch", "torchvision", "nodejs", "pandas")
    assert found.notes == ("the newest that fits", "2.3 is newer.")
    assert found.digest == LOCK.digest


def test_an_environment_without_pytorch_has_no_notes():
    """A spec that begins with no name names nothing."""
    found = step(mac(), lock([package("python")], variant=None, specs=("*", "einops")))
    assert (found.notes, found.requested) == ((), ("python", "einops"))


def test_what_the_lab_names_goes_by_the_name_that_its_package_has():
    """Conda tells `_` and `.` from `-`, and python's packages do not; none tells capitals."""
    specs = ("_openmp_mutex", "Ruamel.Yaml>=0.18", "scikit_learn")
    named = replace(lock(variant=None), conda_specs=specs[:2], pip_specs=specs[2:])
    assert step(mac(), named).requested == (
        "python",
        "_openmp_mutex",
        "ruamel.yaml",
        "scikit-learn",
    )


def test_a_changed_lock_changes_the_environment_beside_what_is_shown():
    """What stays is counted, and the new generation has a name of its own."""
    found = step(shown(OTHER))
    assert (found.action, found.reason, found.kept) == ("update", "the lock has changed", 0)
    assert found.path == PATH != path_of(OTHER)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stamp": None}, "its stamp is gone or broken"),
        ({"stamp": {}}, "its stamp is gone or broken"),
        (
            {"stamp": stamp(LOCK) | {"environment": "thesis"}},
            "its link leads to another environment's generation",
        ),
        ({"damaged": True}, "an interrupted conda left it damaged"),
        ({"stamp": stamp(LOCK) | {"lock": "abc"}}, "the lock has changed"),
        ({"stamp": stamp(LOCK) | {"verification": None}}, "it was never verified"),
        ({"stamp": stamp(LOCK) | {"verification": "yes"}}, "it was never verified"),
        ({"dists": ()}, "changed by hand since it was built"),
        ({"condarc": "channels: []\n"}, "its .condarc was altered by hand"),
        ({"condarc": None}, "its .condarc was removed by hand"),
        ({"condarc": None, "dists": ()}, "changed by hand since it was built"),
    ],
)
def test_a_generation_that_is_not_as_built_is_built_again(changes, reason):
    """Never in the place of what is shown, whatever became of its stamp."""
    found = step(shown(LOCK, **changes))
    assert (found.action, found.reason, found.path) == ("update", reason, f"{PATH}.2")


def test_settings_that_will_be_others_are_shown():
    """As they are and as they will be, without the login that somebody wrote into them."""
    (file,) = step(shown(LOCK, condarc="channels: [https://ann:pw@host/x]\n")).files
    assert file.path == "~/miniconda3/envs/torch/.condarc"
    assert (file.before, file.after) == ("channels: [https://host/x]\n", LOCK.condarc)
    assert step(shown(OTHER)).files == ()
    assert step(mac()).files == ()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (mac(links={"torch": PATH}), "its link leads nowhere"),
        (shown(LOCK, whole=False, missing=("python",)), "its python is gone"),
        (shown(LOCK, whole=False, missing=("history",)), "its conda-meta/history is gone"),
        (
            shown(LOCK, whole=False, missing=("python", "records")),
            "its python is gone, and its conda-meta has no record of a package",
        ),
        (
            shown(LOCK, whole=False, moved_from="/Users/old/.torchard/generations/torch-1"),
            "it was built at /Users/old/.torchard/generations/torch-1 and has moved",
        ),
    ],
    ids=["dangling", "python", "history", "emptied", "moved"],
)
def test_a_link_that_leads_to_nothing_whole_is_repaired_beside_it(state, reason):
    """Building where a link leads would activate it before verification; what lacks is named."""
    found = step(state)
    assert (found.action, found.reason) == ("repair", reason)
    assert (found.path, found.kept, len(found.packages)) == (f"{PATH}.2", 0, 3)


def test_a_generation_that_is_ready_is_only_shown():
    """Nothing is built or fetched, wherever the link leads now, or where none is.

    What that changes for its users is listed as for any other change.
    """
    missing = "this generation is built and verified; only its link is missing or elsewhere"
    other = "the lab's generation is built and verified, but another one is active"
    damaged = mac(built(LOCK, f"{PATH}.2"), built(LOCK, damaged=True), links={"torch": PATH})
    for state, changed, reason in (
        (mac(built(LOCK)), (), missing),
        (
            mac(built(LOCK), built(OTHER), links={"torch": path_of(OTHER)}),
            (("python", "3.12.12", "3.12.13"), ("pip", None, "25.1"), ("torch", None, "2.2.2")),
            other,
        ),
        (damaged, (), other),
    ):
        found = step(state)
        assert (found.action, found.kept, found.bytes) == ("activate", 3 - len(changed), 0)
        assert tuple((one.name, one.before, one.after) for one in found.packages) == changed
        assert not any(one.bytes for one in found.packages)
        assert found.reason == reason
    assert found.path == f"{PATH}.2"


@pytest.mark.parametrize(
    "path",
    [
        f"{PREFIX}/envs/clone",
        f"{GENERATIONS}/copy",
        f"{PATH}.torchard-aside-20261126",
        f"{PATH}.2x",
        f"{GENERATIONS}/torch-00000000",
    ],
)
def test_a_copy_is_not_a_generation(path):
    """Stamp and packages came along, but its programs lead back to where it was built."""
    found = step(mac(built(LOCK, path)))
    assert (found.action, found.path) == ("create", PATH)


@pytest.mark.parametrize("stamped", [{}, {"lock": "abc"}])
def test_the_path_of_a_generation_that_bears_a_stamp_is_not_built_on(stamped):
    """Another lock may begin with the same eight digits; a broken stamp may be a verified one's."""
    state = mac(built(LOCK, stamp=stamped), built(LOCK, f"{PATH}.2", stamp=stamped))
    assert step(state).path == f"{PATH}.3"


def test_what_a_killed_run_left_is_built_on_again():
    """It bears no stamp, and nothing shows it."""
    left = InstalledEnvironment(PATH, whole=False)
    assert step(mac(left, built(OTHER), links={"torch": path_of(OTHER)})).path == PATH


def test_what_any_other_link_shows_is_not_built_on():
    """A person may have given it another name."""
    assert step(mac(built(LOCK, stamp=None), links={"mine": PATH})).path == f"{PATH}.2"


def test_a_mac_without_miniconda_gets_it_first():
    """Its size is not known, so it counts for nothing."""
    state = mac(prefix_state="absent", prefix_arch=None)
    plan = plan_mac(target(state, LOCK, installer=INSTALLER))
    miniconda, torch = plan.steps
    assert (miniconda.kind, miniconda.action, miniconda.path) == ("miniconda", "create", PREFIX)
    assert (miniconda.reason, miniconda.place) == (
        "no Miniconda at ~/miniconda3",
        "~/miniconda3",
    )
    (installer,) = miniconda.packages
    assert (installer.after, installer.bytes, installer.sha256) == (
        *("26.5.3-1", 0),
        INSTALLER.sha256,
    )
    assert (miniconda.digest, miniconda.notes) == (INSTALLER.sha256, INSTALLER.notes)
    assert torch.action == "create"
    assert Plan((plan,)).summary.fetch_bytes == 1200


def test_an_installer_of_the_labs_own_goes_by_its_file():
    """It has no version that we know."""
    found = miniconda_step(mac(prefix_state="absent"), replace(INSTALLER, version=""))
    assert found.packages[0].after == INSTALLER.file


def test_a_half_miniconda_is_repaired_and_its_links_are_gone_with_it():
    """The generations stay, and become active again."""
    state = replace(shown(LOCK), prefix_state="half")
    miniconda, torch = plan_mac(target(state, LOCK, installer=INSTALLER)).steps
    assert miniconda.action == "repair"
    assert miniconda.reason == "~/miniconda3 is half installed; it is set aside and installed again"
    assert (torch.action, torch.path) == ("activate", PATH)
    drifted = replace(shown(LOCK, dists=()), prefix_state="half")
    assert step(drifted).path == f"{PATH}.2"


@pytest.mark.parametrize("prefix_state", ["whole", "foreign"])
def test_a_prefix_that_is_whole_or_foreign_is_left_alone(prefix_state):
    """Also where an installer was looked up before."""
    assert miniconda_step(mac(prefix_state=prefix_state), INSTALLER) is None
    assert miniconda_step(mac(prefix_state="absent"), None) is None


def test_a_mac_is_blocked_by_what_was_found_before_and_what_is_in_the_way():
    """All reasons are listed, and there are no steps."""
    state = mac(prefix_state="foreign", prefix_arch=None)
    plan = plan_mac(target(state, LOCK, blockers=("its arch differs",), installer=INSTALLER))
    assert (plan.state, plan.steps) == ("blocked", ())
    assert plan.reason == (
        "its arch differs; ~/miniconda3 exists, and is neither a whole Miniconda nor what an"
        " interrupted installer leaves; move it away, or set miniconda.prefix to another path"
    )


def test_a_base_of_the_other_arch_blocks_with_two_remedies():
    """It would run under Rosetta, and solve for Intel."""
    (reason,) = find_blockers(target(mac(prefix_arch="x86_64"), LOCK))
    assert reason == (
        "the Miniconda at ~/miniconda3 is built for x86_64, but this Mac is arm64; move it away"
        " (mv ~/miniconda3 ~/miniconda3-x86_64), or set miniconda.prefix to another path"
    )
    assert find_blockers(target(mac(prefix_arch=None), LOCK)) == ()


OURS = {"sha256": "0" * 64, "version": "25.7.0-2"}


def test_another_version_of_our_own_miniconda_changes_the_prefix_alone():
    """The environments that are shown stay in order: their links are made again."""
    state = replace(shown(LOCK), prefix_ours=OURS)
    (miniconda,) = plan_mac(target(state, LOCK, installer=INSTALLER)).steps
    assert (miniconda.kind, miniconda.action) == ("miniconda", "update")
    (package,) = miniconda.packages
    assert (package.change, package.before, package.after) == ("update", "25.7.0-2", "26.5.3-1")
    assert "~/miniconda3 is set aside" in miniconda.reason


@pytest.mark.parametrize("mark", [None, {}, {"sha256": INSTALLER.sha256}])
def test_a_persons_own_miniconda_and_the_version_that_is_wanted_are_kept(mark):
    """Nothing is done to a whole prefix without our mark, nor to one from this installer."""
    assert miniconda_step(mac(prefix_ours=mark), INSTALLER) is None


def test_another_version_is_refused_where_a_person_made_environments_in_the_prefix():
    """They would go aside with it."""
    theirs = InstalledEnvironment(f"{PREFIX}/envs/mine", whole=True)
    state = mac(theirs, prefix_ours=OURS)
    (reason,) = find_blockers(target(state, installer=INSTALLER))
    assert "because it has environments of a person (mine)" in reason
    assert find_blockers(target(replace(state, prefix_ours=None), installer=INSTALLER)) == ()


def test_a_half_miniconda_with_a_persons_environments_is_refused():
    """Setting it aside would move them too; a directory of files is not an environment."""
    theirs = [InstalledEnvironment(f"{PREFIX}/envs/{name}", whole=True) for name in ("a", "b")]
    files = InstalledEnvironment(f"{PREFIX}/envs/c", whole=False)
    state = mac(*theirs, files, prefix_state="half")
    (reason,) = find_blockers(target(state, LOCK, installer=INSTALLER))
    assert "is half installed. Torchard will not replace it" in reason
    assert "environments of a person (a, b)" in reason
    assert find_blockers(target(mac(files, prefix_state="half"), LOCK, installer=INSTALLER)) == ()
    assert find_blockers(target(mac(*theirs), LOCK)) == ()


@pytest.mark.parametrize(
    ("leads_to", "what"),
    [
        (None, "not a link"),
        ("/opt/envs/torch", "a link to /opt/envs/torch"),
        ("chain", "a link to chain"),
        (f"{GENERATIONS}/a/b", "a link to ~/.torchard/generations/a/b"),
        (f"{GENERATIONS}/..", "a link to ~/.torchard/generations/.."),
    ],
)
def test_what_a_person_made_under_an_environments_name_blocks(leads_to, what):
    """Never replaced, and the reason says what to do; other names do not matter."""
    (reason,) = find_blockers(target(mac(links={"torch": leads_to, "mine": None}), LOCK))
    assert reason == (
        f"~/miniconda3/envs/torch is {what}, so Torchard did not make it; rename it, or give the"
        " environment another name than torch"
    )


def test_a_disk_must_hold_what_is_built_twice():
    """As artefacts and unpacked; what is only shown needs nothing."""
    big = lock([package("python", size=3 * 10**6)], [wheel("torch", size=4 * 10**6)])
    assert find_blockers(target(mac(free=14 * 10**6), big)) == ()
    (reason,) = find_blockers(target(mac(free=14 * 10**6 - 1), big))
    assert reason == ("its disk has 13 MB free, and these packages need more than 14 MB; make room")
    assert find_blockers(target(mac(built(big), free=0), big)) == ()


@pytest.mark.parametrize(
    ("locks", "whose", "needed"),
    [((), "Miniconda needs", 400), ((LOCK,), "Miniconda and these packages need", 414)],
)
def test_a_disk_must_hold_a_miniconda_that_is_to_be_installed(locks, whose, needed):
    """As much as its vendor says it needs, whole or set aside and installed again."""
    installer = replace(INSTALLER, disk=400 * 10**6)
    locks = [replace(one, wheels=(wheel("torch", size=7 * 10**6),), conda=()) for one in locks]
    for prefix_state in ("absent", "half"):
        state = mac(prefix_state=prefix_state, free=needed * 10**6)
        assert find_blockers(target(state, *locks, installer=installer)) == ()
        fuller = replace(state, free=state.free - 1)
        (reason,) = find_blockers(target(fuller, *locks, installer=installer))
        said = f"{needed - 1} MB free, and {whose} more than {needed} MB; make room"
        assert reason == f"its disk has {said}"
    assert find_blockers(target(mac(free=14 * 10**6), *locks, installer=installer)) == ()


def test_what_a_person_installed_into_an_environment_is_drift():
    """It is named, and goes."""
    dists = (*built(LOCK).dists, InstalledDist("tb_nightly", "2.20.0"))
    found = step(shown(LOCK, dists=dists))
    assert (found.reason, found.kept) == ("changed by hand since it was built", 3)
    assert [(one.change, one.name) for one in found.packages] == [("remove", "tb-nightly")]


def test_the_variant_is_not_compared():
    """A reason in other words builds nothing."""
    reworded = lock(LOCK.conda, LOCK.wheels, variant=replace(VARIANT, reason="newest", notes=()))
    assert step(shown(LOCK), reworded) is None

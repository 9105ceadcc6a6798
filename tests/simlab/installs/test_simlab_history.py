"""What the stand-in's history means, as real conda 26.7 reads one."""

from __future__ import annotations

import json

import pytest
from told import failure, names

HEAD = "==> 2026-11-30 09:00:00 <==\n# cmd: torchard\n"


@pytest.fixture
def aged(arm_mac):
    """An environment that was created, and into which a person installed something."""
    prefix = arm_mac.prefix / "envs/aged"
    create = f"create -y -q -n aged {arm_mac.channel} xz=5.8.1 liblzma=5.8.1"
    assert arm_mac.conda(create).returncode == 0
    assert arm_mac.conda(f"install -y -q -n aged {arm_mac.channel} libuv").returncode == 0
    return prefix


def test_a_revision_is_gone_back_to(arm_mac, aged):
    """`list --revisions` numbers them from 0, and `install --revision` makes the state again."""
    listed = arm_mac.conda("list --revisions -n aged").stdout
    assert "(rev 0)\n    +liblzma-5.8.1 (" in listed
    assert "(rev 1)\n    +libuv-1.51.0 (" in listed
    told = json.loads(arm_mac.conda("list --revisions --json -n aged").stdout)
    assert [one["install"] for one in told] == [["liblzma", "xz"], ["libuv"]]
    before = names(aged)
    install = f"install -y -q -n aged {arm_mac.channel} --revision"
    assert arm_mac.conda(f"{install} 0").returncode == 0
    assert names(aged) == {"xz-5.8.1", "liblzma-5.8.1"}
    assert arm_mac.conda(f"{install} 1").returncode == 0
    assert names(aged) == before
    assert "already installed" in arm_mac.conda(install.replace("-q ", "") + " 1").stdout
    missing = arm_mac.conda(f"install -y --json -n aged {arm_mac.channel} --revision 9")
    assert failure(missing) == "CondaIndexError"


def test_a_section_without_packages_is_the_empty_state(arm_mac, aged):
    """What Torchard wrote there once: going back to it empties the environment."""
    with (aged / "conda-meta/history").open("a", encoding="utf-8") as history:
        history.write(f'{HEAD}# update specs: ["xz"]\n')
    install = f"install -y -q -n aged {arm_mac.channel} --revision 2"
    assert arm_mac.conda(install).returncode == 0
    assert names(aged) == set()
    assert (aged / "conda-meta/history").is_file()


def test_an_export_says_what_was_asked_for(arm_mac, aged):
    """With `--from-history` the specs, else the packages to their builds, with the variables."""
    assert arm_mac.conda("env config vars set -n aged ANSWER=42").returncode == 0
    said = arm_mac.conda("export -n aged --from-history").stdout
    assert "dependencies:\n  - xz=5.8.1\n  - liblzma=5.8.1\n  - libuv\n" in said
    assert "  - libuv=1.51.0=" in arm_mac.conda("env export -n aged").stdout
    assert "variables:\n  ANSWER: 42\n" in said


def test_an_update_stays_within_what_was_asked_for(arm_mac, aged):
    """`update --all` keeps the specs; a name alone replaces a spec; pins hold for both."""
    update = f"update -y -q -n aged {arm_mac.channel}"
    assert arm_mac.conda(f"{update} --all").returncode == 0
    assert "xz-5.8.1" in names(aged)
    assert arm_mac.conda(f"create -y -q -n loose {arm_mac.channel} xz").returncode == 0
    loose = arm_mac.prefix / "envs/loose"
    assert "xz-5.8.2" in names(loose)
    assert arm_mac.conda(f"install -y -q -n loose {arm_mac.channel} xz=5.8.1").returncode == 0
    (loose / "conda-meta/pinned").write_text("# mine\nliblzma <5.8.2\n", encoding="utf-8")
    assert arm_mac.conda(f"update -y -q -n loose {arm_mac.channel} xz").returncode == 0
    assert names(loose) == {"xz-5.8.1", "liblzma-5.8.1"}
    (loose / "conda-meta/pinned").unlink()
    assert arm_mac.conda(f"update -y -q -n loose {arm_mac.channel} xz").returncode == 0
    assert names(loose) == {"xz-5.8.2", "liblzma-5.8.2"}
    missing = arm_mac.conda(f"update -y --json -n loose {arm_mac.channel} libuv")
    assert failure(missing) == "PackageNotInstalledError"

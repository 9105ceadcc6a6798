"""What a spec may say."""

from __future__ import annotations

import json

import pytest

from simlab import macs
from simlab.spec import MacSpec, SpecError, default_spec, parse_spec, read_spec

GOOD = {"name": "a", "arch": "arm64", "macos": "15.1"}


def test_default_lab_has_every_kind_of_mac():
    """Five Macs are arm64 on macOS 15, 14 and 13, Intel on 12, and one under Rosetta."""
    assert default_spec(5) == (
        MacSpec("studio-01", "arm64", "15.1"),
        MacSpec("studio-02", "arm64", "14.7"),
        MacSpec("studio-03", "arm64", "13.6"),
        MacSpec("library-01", "x86_64", "12.7"),
        MacSpec("studio-04", "arm64", "15.1", rosetta=True),
    )


def test_larger_lab_goes_on_counting():
    """Twenty Macs repeat the five kinds under twenty names."""
    spec = default_spec(20)
    assert len({mac.name for mac in spec}) == 20
    assert [mac.name for mac in spec[5:10]] == [
        "studio-05", "studio-06", "studio-07", "library-02", "studio-08",
    ]  # fmt: skip
    assert [mac.macos for mac in spec[5:10]] == [mac.macos for mac in spec[:5]]


def test_a_mac_can_be_a_key():
    """As the tests of many Macs use it."""
    assert len({MacSpec(**GOOD): 1, MacSpec(**GOOD, variables={"A": "b"}): 2}) == 2


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_spec_file_is_yaml_or_json(tmp_path, suffix):
    """A spec file in JSON is read as well as one in YAML, faults and all."""
    file = tmp_path / f"spec.{suffix}"
    entry = {**GOOD, "rosetta": True, "mps": "lies", "fault": {"drop_after": 3}}
    file.write_text(json.dumps({"macs": [entry]}), encoding="utf-8")
    assert read_spec(file) == (
        MacSpec("a", "arm64", "15.1", rosetta=True, mps="lies", fault={"drop_after": 3}),
    )


@pytest.mark.parametrize(
    "fault",
    [
        *(None, "refuse", "hostkey", {"drop_after": 0}, {"drop_during": 2}, {"drop_answer": 1}),
        *({"drop_sftp": 3}, {"disk_free": 1}, {"disk_full": 1}),
    ],
)
def test_known_faults_are_taken(fault):
    """Every fault that a Mac can have is read as it was written."""
    assert parse_spec({"macs": [{**GOOD, "fault": fault}]})[0].fault == fault


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "a spec is {macs:"),
        ({"macs": []}, "macs is empty"),
        ({"macs": [GOOD], "mac": 1}, "the spec has an unknown key 'mac'; known are macs."),
        ({"macs": ["a"]}, "Mac 1 is 'a'"),
        ({"macs": [{**GOOD, "os": "15"}]}, "a has an unknown key 'os'; known are name, arch,"),
        ({"macs": [{"name": "a", "arch": "arm64"}]}, "a has no macos."),
        ({"macs": [GOOD, GOOD]}, "a is there twice"),
        ({"macs": [{**GOOD, "name": "-a"}]}, "'-a' is not a host name"),
        ({"macs": [{**GOOD, "name": "../a"}]}, "'../a' is not a host name"),
        ({"macs": [{**GOOD, "arch": "arm"}]}, "a: arch is 'arm'; write arm64 or x86_64."),
        ({"macs": [{**GOOD, "macos": 15.1}]}, "put quotes around it: '15.1'"),
        ({"macs": [{**GOOD, "macos": "Sequoia"}]}, "a: macos is 'Sequoia'"),
        ({"macs": [{**GOOD, "rosetta": "yes"}]}, "a: rosetta is 'yes'"),
        ({"macs": [{**GOOD, "arch": "x86_64", "rosetta": True}]}, "only an arm64 Mac has Rosetta"),
        ({"macs": [{**GOOD, "mps": "maybe"}]}, "a: mps is 'maybe'"),
        ({"macs": [{**GOOD, "virtual": "yes"}]}, "a: virtual is 'yes'; write true or false."),
        ({"macs": [{**GOOD, "shell": "ksh"}]}, "a: shell is 'ksh'; write one of sh, bash, zsh,"),
        ({"macs": [{**GOOD, "banner": 1}]}, "a: banner is 1; write a text."),
        ({"macs": [{**GOOD, "home": "../b"}]}, "a: home is '../b'; write the name of a folder."),
        ({"macs": [{**GOOD, "home": "bin"}]}, "a: home is 'bin'"),
        ({"macs": [{**GOOD, "clock": True}]}, "a: clock is True; write a number of seconds."),
        ({"macs": [{**GOOD, "compat": "no"}]}, "a: compat is 'no'; write true or false."),
        ({"macs": [{**GOOD, "gnu": 1}]}, "a: gnu is 1; write true or false."),
        ({"macs": [{**GOOD, "sbin": "no"}]}, "a: sbin is 'no'; write true or false."),
        ({"macs": [{**GOOD, "uuid": "12"}]}, "a: uuid is '12'; write a UUID in capitals."),
        ({"macs": [{**GOOD, "network_home": "smbfs"}]}, "a: network_home is 'smbfs'; write a type"),
        ({"macs": [{**GOOD, "purgeable": -1}]}, "a: purgeable is -1; write bytes."),
        ({"macs": [{**GOOD, "unloadable": "a/b"}]}, "unloadable is 'a/b'; write the name"),
        ({"macs": [{**GOOD, "hard_links": 0}]}, "a: hard_links is 0; write true or false."),
        (
            {"macs": [{**GOOD, "variables": {"A": 1}}]},
            "a: variables is {'A': 1}; write NAME: text.",
        ),
        ({"macs": [{**GOOD, "fault": "flood"}]}, "a: fault is 'flood'; write null, refuse,"),
        ({"macs": [{**GOOD, "fault": {"drop_after": -1}}]}, "a: fault is {'drop_after': -1}"),
        ({"macs": [{**GOOD, "fault": {"drop_after": True}}]}, "a: fault is {'drop_after': True}"),
        ({"macs": [{**GOOD, "fault": {"disk": 1}}]}, "{drop_sftp: N}, {disk_free: BYTES} or"),
    ],
)
def test_wrong_spec_is_a_sentence(document, said):
    """An error in a spec says what to write instead."""
    with pytest.raises(SpecError) as error:
        parse_spec(document)
    assert said in str(error.value)


def test_error_in_a_file_names_the_file(tmp_path):
    """A spec file that is absent, broken or wrong is named."""
    for text in (None, "macs: [", "macs: []"):
        file = tmp_path / "spec.yaml"
        if text is not None:
            file.write_text(text, encoding="utf-8")
        with pytest.raises(SpecError, match=r"spec\.yaml"):
            read_spec(file)


def test_lab_of_no_macs_is_an_error():
    """Asking for no Macs at all is an error."""
    with pytest.raises(SpecError, match="at least one"):
        default_spec(0)


def test_a_stand_in_never_changes_the_tool_that_an_older_lab_linked_to(tmp_path):
    """A lab that is kept may have a link to this machine's own tool where a stand-in comes now."""
    own = tmp_path / "kill"
    own.write_text("this machine's own", encoding="utf-8")
    spec = [MacSpec("kept", "arm64", "15.1")]
    tool = macs.build(tmp_path, spec)["kept"] / "bin/kill"
    tool.unlink()
    tool.symlink_to(own)
    macs.build(tmp_path, spec)
    assert own.read_text(encoding="utf-8") == "this machine's own"
    assert not tool.is_symlink()

"""The settings that a lab file gives each Mac."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from torchard.lab.load import LabError, load_lab, load_text, make_lab
from torchard.lab.model import InstallerSource, Position, Request, Ssh

DIGEST = "ab" * 32
ENVIRONMENTS = """
environments:
  torch: {python: "3.12"}
  other: {python: "3.11"}
"""


@pytest.fixture
def lab(tmp_path):
    """Return a function that loads a text as a lab, with a text as group_data/all.py."""

    def loaded(text, overrides=None, defaults=""):
        path, below = tmp_path / "lab.yaml", tmp_path / "all.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        below.write_text(textwrap.dedent(defaults), encoding="utf-8")
        return load_lab(path, overrides, below)

    return loaded


def faults(lab, *args, **kwargs):
    """Return the sentences of a lab's problems."""
    with pytest.raises(LabError) as caught:
        lab(*args, **kwargs)
    return [problem.sentence for problem in caught.value.problems]


def test_a_mac_without_settings_has_the_defaults(lab):
    """Its name is its address, it has no environment, and it needs no group_data."""
    mac = lab("macs:\n  studio-01:\n").macs["studio-01"]
    assert (mac.connection, mac.address) == ("ssh", "studio-01")
    assert (mac.arch, mac.macos, mac.groups, mac.environments) == (None, None, (), ())
    assert mac.ssh == Ssh()
    assert mac.miniconda.prefix == "~/miniconda3"
    assert mac.channels == ("conda-forge",)
    assert mac.where.line == 2


def test_a_text_is_checked_as_the_file_would_be_before_it_is_written(tmp_path):
    """`torchard import` checks what it would write, with the settings in the lab's group_data."""
    path = tmp_path / "lab.yaml"
    (tmp_path / "group_data").mkdir()
    (tmp_path / "group_data" / "all.py").write_text("channels = ['bioconda']\n", encoding="utf-8")
    path.write_text("macs:\n  studio-01:\n", encoding="utf-8")
    text = "macs:\n  studio-01:\n  studio-02:\n"
    checked = load_text(path, text.encode())
    assert list(load_lab(path).macs) == ["studio-01"]
    path.write_text(text, encoding="utf-8")
    assert checked == load_lab(path)
    assert checked.macs["studio-01"].channels == ("bioconda",)
    with pytest.raises(LabError) as caught:
        load_text(path, b"macs:\n  studio-01: {arch: ppc}\n")
    (problem,) = caught.value.problems
    assert (problem.where.file, problem.where.line) == (str(path), 2)


def test_the_data_of_a_deploy_of_your_own_are_checked_as_a_lab_file_is(tmp_path):
    """They are not in a file, so the place of a problem is its key."""
    path = tmp_path / "deploy"
    made = make_lab(path, {"macs": {"studio-01": {"arch": "arm64"}}})
    assert (made.path, made.macs["studio-01"].arch) == (path, "arm64")
    with pytest.raises(LabError) as caught:
        make_lab(path, {"macs": {"studio-01": {"arch": "ppc"}}})
    (problem,) = caught.value.problems
    assert "ppc" in problem.sentence


def test_the_labs_path_is_absolute(tmp_path, monkeypatch):
    """A lab knows the path of its file; messages have the path as typed."""
    monkeypatch.chdir(tmp_path)
    Path("lab.yaml").write_text("macs:\n  studio-01:\n")
    loaded = load_lab(Path("lab.yaml"))
    assert loaded.path == (tmp_path / "lab.yaml").resolve()
    assert loaded.macs["studio-01"].where == Position("lab.yaml", 2, 3)


def test_the_nearest_setting_wins(lab):
    """The order is group_data, the groups in the Mac's order, the Mac, and the command line."""
    text = f"""{ENVIRONMENTS}
groups:
  a: {{ssh: {{user: a, port: 1, key: ~/a}}, environments: [torch]}}
  b: {{ssh: {{user: b, port: 2}}, environments: [other]}}
macs:
  one: {{groups: [a, b]}}
  two: {{groups: [b, a]}}
  three: {{groups: [a, b], ssh: {{user: three}}, environments: []}}
"""
    defaults = "ssh = {'user': 'all', 'config': '~/c'}\nenvironments = ['torch', 'other']\n"
    macs = lab(text, {"ssh": {"port": 9}}, defaults).macs
    assert macs["one"].ssh == Ssh("b", 9, "~/a", None, "~/c")
    assert macs["two"].ssh == Ssh("a", 9, "~/a", None, "~/c")
    assert macs["three"].ssh == Ssh("three", 9, "~/a", None, "~/c")
    assert [macs[name].environments for name in macs] == [("other",), ("torch",), ()]
    overridden = lab(text, {"environments": ["other"], "channels": ["bioconda"]}, defaults).macs
    assert {mac.environments for mac in overridden.values()} == {("other",)}
    assert {mac.channels for mac in overridden.values()} == {("bioconda",)}


def test_lists_replace_and_mappings_merge_by_key(lab):
    """A Mac's channels replace those of its groups; its mirrors are added to theirs."""
    mac = lab(
        """
        groups:
          a:
            channels: [one, two]
            mirrors: {wheels: "https://a.example.com/simple", conda: {x: "https://a.example.com/x"}}
        macs:
          m:
            groups: [a]
            channels: [three]
            mirrors: {installers: "https://m.example.com", conda: {y: "https://m.example.com/y"}}
        """
    ).macs["m"]
    assert mac.channels == ("three",)
    assert mac.mirrors.wheels == "https://a.example.com/simple"
    assert mac.mirrors.installers == "https://m.example.com"
    assert mac.mirrors.conda == {"y": "https://m.example.com/y"}


def test_a_nearer_installer_replaces_a_farther_one(lab):
    """A version on the Mac replaces the group's own installer, and an installer a version."""
    own = f"installer: {{url: 'https://a.example.com/m.sh', sha256: {DIGEST}}}"
    macs = lab(
        f"""
        groups:
          own: {{miniconda: {{prefix: /opt/mc, {own}}}}}
          pinned: {{miniconda: {{version: 25.7.0-2}}}}
        macs:
          a: {{groups: [own, pinned]}}
          b: {{groups: [pinned, own]}}
        """
    ).macs
    assert macs["a"].miniconda.version == "25.7.0-2"
    assert macs["a"].miniconda.installer is None
    assert macs["b"].miniconda.version is None
    assert macs["b"].miniconda.installer == InstallerSource("https://a.example.com/m.sh", DIGEST)
    assert macs["a"].miniconda.prefix == macs["b"].miniconda.prefix == "/opt/mc"


def test_a_relative_path_begins_at_the_labs_folder(lab, tmp_path):
    """Paths with ~/ and absolute paths stay as they are."""
    ssh = (
        lab("macs:\n  m: {ssh: {key: keys/lab, known_hosts: ~/k, config: /etc/c}}\n").macs["m"].ssh
    )
    assert ssh == Ssh(None, None, str(tmp_path.resolve() / "keys/lab"), "~/k", "/etc/c")


def test_a_port_is_a_whole_number(lab):
    """22.0 becomes 22, because pyinfra accepts only whole numbers."""
    port = lab("macs:\n  m: {ssh: {port: 22.0}}\n").macs["m"].ssh.port
    assert repr(port) == "22"


def test_every_group_lists_its_macs_in_the_files_order(lab):
    """A group can have no Macs, and a local Mac is in its groups like any other."""
    groups = "groups:\n  a:\n  b:\n  c:\n"
    macs = "macs:\n  z: {groups: [a]}\n  y: {groups: [b, a], connection: local}\n"
    assert lab(groups + macs).groups == {"a": ("z", "y"), "b": ("y",), "c": ()}


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("", Request("3.12")),
        ("pytorch: {}", Request("3.12")),
        ("pytorch: false", None),
        ("pytorch: {with: []}", Request("3.12", companions=())),
        (
            "pytorch: {with: [torchaudio, torchvision], release: '2.6.0'}",
            Request("3.12", release="2.6.0", companions=("torchvision", "torchaudio")),
        ),
        ("pytorch: {backend: cpu, source: wheels}", Request("3.12", "stable", "cpu", "wheels")),
    ],
)
def test_an_environment_has_pytorch_unless_it_is_false(lab, said, asked):
    """Without `pytorch:` all defaults apply. Companions have one order."""
    text = f'environments:\n  e:\n    python: "3.12"\n    {said}\nmacs: {{m: }}\n'
    assert lab(text).environments["e"].pytorch == asked


def test_an_environment_knows_the_position_of_each_part(lab):
    """A later error, such as the solver's, can name the line that caused it."""
    text = 'environments:\n  e:\n    python: "3.12"\n    pip:\n      - a\n      - b\nmacs: {m: }\n'
    environment = lab(text).environments["e"]
    assert environment.where.line == 2
    assert {path: place.line for path, place in environment.item_positions.items()} == {
        "python": 3,
        "pip": 5,
        "pip/0": 5,
        "pip/1": 6,
    }


def test_problems_of_all_sources_are_listed_together(lab, tmp_path):
    """Problems of group_data, the lab file and the command line have their own positions."""
    with pytest.raises(LabError) as caught:
        lab(
            "macs:\n  m: {environments: [no]}\n",
            {"channels": "conda-forge", "environments": ["none"]},
            "ssh = {'usr': 'x'}\nchannels = ['defaults']\nenvironments = ['nothing']\n",
        )
    lines = [line for line in str(caught.value).splitlines() if not line.startswith("  ")]
    assert [line.replace(str(tmp_path), "") for line in lines] == [
        '--data: channels is the text "conda-forge", but must be a list',
        '--data: there is no environment "none"',
        '/all.py:1:8: ssh has no key "usr"',
        '/all.py:2:13: "defaults" is Anaconda\'s channel, and its terms are not accepted',
        '/all.py:3:17: there is no environment "nothing"',
        '/lab.yaml:2:22: there is no environment "no"',
    ]


def test_macs_differ_by_address_port_and_ssh_config(lab):
    """Different ports of one address, or one address in two networks, are different Macs."""
    assert lab(
        """
        groups:
          a: {ssh: {config: site-a}}
          b: {ssh: {config: site-b}}
        macs:
          one: {address: 192.0.2.1}
          two: {address: 192.0.2.1, ssh: {port: 2222}}
          three: {address: 192.0.2.1, groups: [a]}
          four: {address: 192.0.2.1, groups: [b]}
          here: {connection: local}
        """
    ).macs
    sentence = "two has the address of one on line 2: 192.0.2.1, port 7"
    two = "macs:\n  one: {address: 192.0.2.1}\n  two: {address: 192.0.2.1, ssh: {port: 22}}\n"
    assert faults(lab, two, {"ssh": {"port": 7}}) == [sentence]


def test_a_problem_is_reported_once(lab):
    """A value that violates the schema is not checked again, but its name exists."""
    text = (
        "environments:\n  e: [1]\ngroups:\n  g: 3\nmacs:\n  m: {environments: [e], groups: [g]}\n"
    )
    assert faults(lab, text) == [
        "environments.e is a list, but must be a mapping",
        "groups.g is the number 3, but must be a mapping",
    ]
    assert faults(lab, "environments: 3\ngroups: x\nmacs: []\n") == [
        "environments is the number 3, but must be a mapping",
        'groups is the text "x", but must be a mapping',
        "macs is a list, but must be a mapping",
    ]


def test_an_invalid_item_does_not_hide_the_others(lab):
    """A problem of the second item has its own position, although the first is invalid."""
    text = f"{ENVIRONMENTS}macs:\n  m: {{environments: [3, non], channels: [-c, defaults]}}\n"
    assert [one.partition(",")[0] for one in faults(lab, text)] == [
        "macs.m.environments",
        'there is no environment "non"',
        "macs.m.channels",
        '"defaults" is Anaconda\'s channel',
    ]


def test_problems_of_a_key_and_of_its_value_are_both_reported(lab):
    """A mapping with an invalid name is not checked further."""
    text = "macs:\n  -x: {address: -y, ssh: {port: x}}\n  b: {ssh: {port: 0.5}}\n"
    assert faults(lab, text) == [
        'macs cannot have a key "-x"',
        'macs.-x.address cannot be "-y"',
        'macs.-x.ssh.port is the text "x", but must be a whole number',
        "macs.b.ssh.port is the number 0.5, but must be a whole number",
    ]


@pytest.mark.parametrize("file", ["no.yaml", "."])
def test_a_missing_lab_is_a_lab_error(file, tmp_path):
    """A missing file or a folder is reported like any other problem."""
    with pytest.raises(LabError, match=r"there is no such file|this is a folder"):
        load_lab(tmp_path / file)


def test_acceptance_of_terms_can_apply_to_the_whole_lab(lab):
    """Groups, Macs and the command line win over it."""
    text = """
        accept_license: true
        accept_anaconda_terms: true
        groups:
          cautious: {accept_license: false}
        macs:
          plain: {channels: [main]}
          lent: {groups: [cautious]}
          own: {groups: [cautious], accept_license: true, accept_anaconda_terms: false}
    """
    found = lab(text).macs
    assert {
        name: (mac.accept_license, mac.accept_anaconda_terms) for name, mac in found.items()
    } == {"plain": (True, True), "lent": (False, True), "own": (True, False)}
    assert not lab(text, {"accept_license": False}).macs["plain"].accept_license


def test_prune_can_apply_to_the_whole_lab(lab):
    """Groups and Macs win over it, and the default is false."""
    text = """
        groups: {careful: {prune: false}}
        macs: {plain: {}, kept: {groups: [careful]}, own: {groups: [careful], prune: true}}
    """
    said = {name: mac.prune for name, mac in lab(f"{text}\n        prune: true\n").macs.items()}
    assert said == {"plain": True, "kept": False, "own": True}
    assert not lab(text).macs["plain"].prune
    assert lab(text, {"prune": True}).macs["kept"].prune

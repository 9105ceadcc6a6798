"""`torchard init --from`: Macs from a table or an ssh_config, an environment from conda's file."""

from __future__ import annotations

import pytest
import yaml
from click.testing import CliRunner

from torchard.cli.main import cli
from torchard.lab.load import load_lab

TABLE = """\
Name;IP;User;Port;Group;macOS;Serial
Studio 01;192.0.2.11;admin;2222;studio;15.1;X1

studio-02;192.0.2.12;;;studio, lab;;X2
"""
SSH_CONFIG = """\
Include more
Host studio-01 studio-02 "x y" !jump
  HostName 192.0.2.1
host = studio-03
Host *.local *
Host "broken
"""
ENVIRONMENT = """\
name: vision
channels: [pytorch, nvidia, conda-forge, bioconda, defaults]
dependencies:
  - python=3.11.5
  - pytorch=2.5.1=py311_cuda12.1
  - torchvision
  - pytorch-cuda=12.1
  - numpy=1.26.4=py311h1
  - conda-forge::ffmpeg
  - scipy>=1.10
  - h5py=3.*
  - "odd name!"
  - zlib[build=x]
  - 7
  - pip
  - pip:
      - einops==0.8.0
      - torchaudio==2.5.1+cu121
      - nvidia-cublas-cu12
      - -r requirements.txt
variables: {A: "1"}
"""


@pytest.fixture
def init(tmp_path, monkeypatch):
    """A function that writes files and runs `torchard init --from` with them in their folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def run(**texts):
        words = []
        for name, text in texts.items():
            file = name.replace("_", ".")
            (tmp_path / file).write_text(text, encoding="utf-8")
            words += ["--from", file]
        return CliRunner().invoke(cli, ["init", *words])

    return run


def described(tmp_path):
    """Return what the new lab file says, which has no error."""
    path = tmp_path / "inventory" / "lab.yaml"
    assert load_lab(path).macs
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_macs_of_a_table(init, tmp_path):
    """Names become names of Macs, columns are found by what people call them, others are named."""
    done = init(hosts_csv=TABLE)
    assert done.exit_code == 0, done.output
    assert 'note: hosts.csv: nothing was read from the column "serial". A table' in done.stderr
    assert '0 to 9 and . _ -, so "Studio 01" became Studio-01.\n' in done.stderr
    lab = described(tmp_path)
    assert lab["macs"] == {
        "Studio-01": {
            "address": "192.0.2.11",
            "ssh": {"user": "admin", "port": 2222},
            "groups": ["studio"],
            "macos": "15.1",
        },
        "studio-02": {"address": "192.0.2.12", "groups": ["studio", "lab"]},
    }
    assert lab["groups"] == {"studio": {}, "lab": {}}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("a,b\n1,2\n", "hosts.csv:1:1: no column is called name or address"),
        ("", "hosts.csv:1:1: no column is called name or address"),
        ("name,address\na,-x\n", 'hosts.csv:2:1: macs.a.address cannot be "-x"'),
        ("name,arch\na,ppc\n", 'hosts.csv:2:1: macs.a.arch cannot be "ppc"'),
        ("name,port\na,x\n", 'hosts.csv:2:1: macs.a.ssh.port is the text "x"'),
        ("name\na\na\n", 'hosts.csv:3:1: a row before has the Mac "a" too'),
        ("name,user\n,ann\n", "hosts.csv:2:1: this row names no Mac"),
        ("name\n" + "a" * 200_000 + "\n", "hosts.csv:2:1: this is not CSV"),
        ("name,group\na,b,c\n", "hosts.csv:2:1: this row has more cells than the first line has"),
        ("name\n" + "".join(f"m{n}\n" for n in range(1002)), "there are more than 1000 Macs"),
    ],
)
def test_a_value_that_no_lab_can_have_is_named_with_its_line(init, tmp_path, table, says):
    """Nothing is written then."""
    done = init(hosts_csv=table)
    assert done.exit_code == 1
    assert says in str(done.exception)
    assert not (tmp_path / "inventory").exists()


def test_notes_of_a_table_are_short(init):
    """Ten names that were changed are listed, others are counted; so are two columns."""
    rows = "".join(f"büro {number},x,y\n" for number in range(12))
    done = init(hosts_csv=f"name,room,floor\n{rows}")
    assert done.exit_code == 0, done.output
    assert 'from the columns "room", "floor".' in done.stderr
    assert '"büro 0" became b-ro-0, ' in done.stderr
    assert '"büro 9" became b-ro-9, and 2 more.\n' in done.stderr


def test_hosts_of_an_ssh_config(init, tmp_path):
    """Each keeps its alias, so ssh finds user, address and jump host where they were."""
    done = init(config=SSH_CONFIG)
    assert done.exit_code == 0, done.output
    lab = described(tmp_path)
    assert lab["macs"] == {"studio-01": {}, "studio-02": {}, "studio-03": {}}
    assert lab["defaults"]["ssh"] == {"config": str(tmp_path / "config")}
    assert 'note: config: "x y" cannot be the name of a Mac.' in done.stderr
    assert "note: config: hosts of included files are not in the lab." in done.stderr
    assert "note: config: each host became a Mac. Remove those from inventory/lab" in done.stderr


def test_the_file_that_ssh_reads_anyway_is_not_named(init, tmp_path, monkeypatch):
    """Without `ssh.config`, ssh reads the operator's own files."""
    monkeypatch.setattr(
        "torchard.starter.ssh_hosts.find_own_files", lambda: (str(tmp_path / "config"), "/none")
    )
    assert init(config="Host a\n").exit_code == 0
    assert "ssh" not in described(tmp_path)["defaults"]


def test_an_environment_of_conda(init, tmp_path):
    """PyTorch, Python and packages are kept; builds, CUDA and options are left out by name."""
    done = init(hosts_csv="name\nstudio-01\n", environment_yml=ENVIRONMENT)
    assert done.exit_code == 0, done.output
    lab = described(tmp_path)
    assert lab["environments"] == {
        "vision": {
            "python": "3.11",
            "pytorch": {"release": "2.5.1", "with": ["torchvision", "torchaudio"]},
            "conda": ["numpy=1.26.4", "ffmpeg", "scipy>=1.10", "h5py=3.*"],
            "pip": ["einops==0.8.0"],
            "variables": {"A": "1"},
        }
    }
    assert lab["defaults"]["channels"] == ["conda-forge", "bioconda"]
    assert lab["defaults"]["environments"] == ["vision"]
    for item in (
        '"pytorch-cuda=12.1" is left out: it is for NVIDIA',
        '"nvidia-cublas-cu12" is left out: it is for NVIDIA',
        '"odd name!" is left out: write it under conda',
        '"zlib[build=x]" is left out: write it under conda',
        "7 is left out: Torchard does not know it",
        '"-r requirements.txt" is left out: a lab has only packages',
        '"defaults" is left out: its terms must be accepted',
    ):
        assert f"note: environment.yml: {item}" in done.stderr


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("dependencies: [numpy]", {"python": "3.12", "pytorch": False, "conda": ["numpy"]}),
        (
            "name: base\ndependencies: ['python>=3.9', pytorch, torchvision, torchaudio]",
            {"python": "3.12"},
        ),
        (
            "dependencies: ['pytorch=2.5.*', python]",
            {"python": "3.12", "pytorch": {"release": "2.5", "with": []}},
        ),
        ("dependencies: []", {"python": "3.12", "pytorch": False}),
    ],
)
def test_what_an_environment_does_not_say_is_the_usual(init, tmp_path, text, environment):
    """Without a name that a lab can have, it is called torch."""
    assert init(e_yml=text).exit_code == 0
    assert described(tmp_path)["environments"] == {"torch": environment}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"e_yml": "a: &x 1\nb: *x\n"}, "e.yml:1:4: &x is an anchor"),
        ({"e_yml": "a: ["}, "this is not YAML"),
        ({"e_yml": "name: x\ndependencies: {a: b}\n"}, "e.yml:2:15: dependencies: this is not a l"),
        ({"e_yml": "dependencies: []\nchannels: x"}, "e.yml:2:11: channels: this is not a list"),
        ({"e_yml": "dependencies: []\nvariables: [x]"}, "e.yml:2:12: variables: this is not a m"),
        ({"requirements_txt": "einops\n"}, "requirements.txt has no `Host`"),
        ({"requirements_txt": "einops\n"}, "torchard import requirements.txt --into inventory/lab"),
        ({"hosts_csv": "x" * 1_100_000}, "hosts.csv is over 1 MiB."),
    ],
)
def test_a_source_that_cannot_be_read_is_a_sentence(init, files, says):
    """With the place of the fault, where there is one."""
    done = init(**files)
    assert done.exit_code == 1
    assert says in str(done.exception)


def test_a_source_that_is_missing_or_not_text(tmp_path, monkeypatch):
    """The message says which kinds of file there are."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["init", "--from", "none.csv"])
    assert "none.csv cannot be read: No such file" in str(done.exception)
    (tmp_path / "latin.csv").write_bytes(b"name\n\xff\n")
    done = CliRunner().invoke(cli, ["init", "--from", "latin.csv"])
    assert str(done.exception) == "latin.csv is not UTF-8.\n  Save it as UTF-8."

"""Settings from outside the lab file: group_data/all.py and `--data`."""

from __future__ import annotations

import runpy
from types import MappingProxyType

import pytest

from torchard.lab.defaults import read_defaults, read_overrides
from torchard.lab.load import load_lab


def read(tmp_path, text):
    """Read a text as group_data/all.py; return it and its problems as lines."""
    path = tmp_path / "all.py"
    path.write_text(text, encoding="utf-8")
    source = read_defaults(path)
    return source, [
        f"{one.where.line}:{one.where.column} {one.sentence}" for one in source.problems
    ]


SETTINGS = """\
'''Words.'''
# A comment.
miniconda = {"distribution": "miniforge", "prefix": "~/conda"}
channels = ["conda-forge", "bioconda"]
frozen = True
timeouts = {"step": 60}
"""


def test_parsing_group_data_gives_what_running_it_gives(tmp_path):
    """Pyinfra runs group_data/all.py and Torchard parses it; both get the same values."""
    path = tmp_path / "all.py"
    path.write_text(SETTINGS, encoding="utf-8")
    ran = {key: value for key, value in runpy.run_path(str(path)).items() if key[0] != "_"}
    source = read_defaults(path)
    assert source.data == ran
    assert not source.problems
    assert set(ran) == {"miniconda", "channels", "frozen", "timeouts"}


def test_group_data_is_never_run(tmp_path):
    """Each line of code in it is a problem and has no effect."""
    source, problems = read(
        tmp_path,
        f"'''Words.'''\nimport os\nos.mkdir({str(tmp_path / 'made')!r})\n"
        f"channels = [os.mkdir({str(tmp_path / 'made')!r})]\na = b = 1\nx.y = 2\nssh = {{}}\n",
    )
    assert not (tmp_path / "made").exists()
    assert source.data == {"ssh": {}}
    assert problems == [
        "2:1 this is not an assignment to a name",
        "3:1 this is not an assignment to a name",
        "4:1 this value would have to be computed",
        "5:1 this is not an assignment to a name",
        "6:1 this is not an assignment to a name",
    ]


@pytest.mark.parametrize("text", ["ssh = {", "ssh = '\0'"])
def test_a_file_that_is_not_python_is_a_problem(tmp_path, text):
    """A syntax error is a problem, never a traceback."""
    (sentence,) = read(tmp_path, text)[1]
    assert "this is not Python" in sentence


@pytest.mark.parametrize("text", ["ssh = {1: 'ada'}", "ssh = {**other}"])
def test_a_key_that_is_not_a_text_is_a_problem(tmp_path, text):
    """Such a key has no place in lab.yaml either."""
    assert read(tmp_path, text)[1] == ["1:1 this value would have to be computed"]


def test_each_part_of_a_value_has_a_position(tmp_path):
    """Keys, items and values have a line and a column."""
    source, _ = read(tmp_path, "ssh = {'user': 'x'}\n\nchannels = ['a', ('b',)]\n")
    assert source.where(("ssh", "user"), key=True).column == 8
    assert source.where(("ssh", "user")).column == 16
    assert source.where(("channels", 1, 0)).column == 19
    assert source.where(("ssh", "port")).line == 1


def test_pyinfras_own_data_is_ignored(tmp_path):
    """Connection flags, global arguments and a person's own data are not settings of a lab."""
    source = read_overrides({"ssh_password": "x", "_sudo": True, "rack": 3, "ssh_port": 1})
    assert source.data == {}
    assert not source.problems


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("chanels", 'there is no setting "chanels"'),
        ("password", "a lab file cannot hold a secret, so it has no password"),
    ],
)
def test_a_misspelt_setting_or_a_secret_is_not_ignored(key, sentence):
    """`--data` rejects a key that is nearly a setting, and one that would hold a secret."""
    assert [one.sentence for one in read_overrides({key: "x"}).problems] == [sentence]


def test_overrides_can_be_any_mapping(tmp_path):
    """Torchard does not change the mapping that pyinfra passes."""
    (tmp_path / "lab.yaml").write_text("macs:\n  m:\n")
    overrides = MappingProxyType({"ssh": {"user": "x"}})
    assert load_lab(tmp_path / "lab.yaml", overrides).macs["m"].ssh.user == "x"

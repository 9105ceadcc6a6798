"""How much of a lab and of its defaults is read, and how many errors are printed."""

from __future__ import annotations

import pytest

from torchard.lab.channels import channel_name, channel_url, condarc
from torchard.lab.defaults import MAX_BYTES, read_defaults
from torchard.lab.load import load_lab
from torchard.lab.problem import MAX_PROBLEMS, LabError
from torchard.lab.yaml_source import parse_yaml


def read(path, content):
    """Read a content as group_data/all.py; return the sentences of its problems."""
    path.write_bytes(content)
    return [problem.sentence for problem in read_defaults(path).problems]


def test_defaults_that_cannot_be_read_are_one_problem(tmp_path):
    """A folder of that name, a file that is too large, and one that is nested too deeply."""
    (problem,) = read_defaults(tmp_path).problems
    assert problem.sentence.startswith("cannot be read: ")
    path = tmp_path / "all.py"
    assert read(path, b"#" * (MAX_BYTES + 1)) == [f"the file is over {MAX_BYTES // 1024} KiB"]
    (sentence,) = read(path, b"prune = " + b"-" * (MAX_BYTES - 20) + b"1\n")
    assert sentence == "this is nested too deeply"


@pytest.mark.parametrize("value", ["9" * 30, "{1: 'a'}", "{**{}}", "{'a': {2}}"])
def test_a_default_that_a_lab_file_cannot_have_is_a_problem(tmp_path, value):
    """A huge number, a key that is not a text, and a set."""
    assert len(read(tmp_path / "all.py", f"ssh = {value}\n".encode())) == 1


def test_a_reader_stops_after_enough_problems():
    """The rest of a file with so many errors is not read."""
    content = b"".join(b"a: &x%d 1\n" % n for n in range(5 * MAX_PROBLEMS))
    source = parse_yaml(content, "lab.yaml")
    assert not source.readable
    assert MAX_PROBLEMS < len(source.problems) < 2 * MAX_PROBLEMS


def test_the_first_errors_of_many_are_printed(tmp_path):
    """And the last line says that there are more."""
    path = tmp_path / "lab.yaml"
    macs = "".join(f"  mac-{n}: {{arch: ppc}}\n" for n in range(MAX_PROBLEMS + 1))
    path.write_text(f"macs:\n{macs}", encoding="utf-8")
    with pytest.raises(LabError) as caught:
        load_lab(path)
    text = str(caught.value)
    assert len(caught.value.problems) == MAX_PROBLEMS + 1
    assert text.count(' cannot be "ppc"') == MAX_PROBLEMS
    assert str(MAX_PROBLEMS) in text.splitlines()[-1]


def test_a_list_has_a_bound(tmp_path):
    """The message names it."""
    path = tmp_path / "lab.yaml"
    names = ", ".join(f"https://example.com/{n}" for n in range(21))
    path.write_text(f"macs: {{a: {{channels: [{names}]}}}}\n", encoding="utf-8")
    with pytest.raises(LabError, match=r"channels has more than 20 items\n  Write at most 20\."):
        load_lab(path)


def test_terms_that_two_macs_need_are_one_error(tmp_path):
    """Their group names the channel once."""
    path = tmp_path / "lab.yaml"
    path.write_text(
        "groups: {g: {channels: [main]}}\nmacs: {a: {groups: [g]}, b: {groups: [g]}}\n",
        encoding="utf-8",
    )
    with pytest.raises(LabError) as caught:
        load_lab(path)
    assert len(caught.value.problems) == 1


def test_conda_knows_anacondas_channels_as_defaults():
    """Only if the lab names one of them; a `.condarc` without them empties the list."""
    main = channel_url("main")
    assert channel_name(main, ["defaults"]) == "defaults"
    assert channel_name(main, ["conda-forge"]) != "defaults"
    assert channel_name(f"{channel_url('conda-forge')}/", ["conda-forge"]) == "conda-forge"
    assert "default_channels" in condarc(["conda-forge"])
    assert "default_channels" not in condarc(["main"])

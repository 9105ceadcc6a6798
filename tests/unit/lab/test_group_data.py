"""Where the settings of all Macs are: `defaults:`, and group_data/all.py beside the lab."""

from __future__ import annotations

import os

import pytest

from torchard.lab.load import LabError, load_lab

LAB = """\
environments:
  torch: {python: "3.12"}
defaults: {frozen: true, environments: [torch], ssh: {user: admin, port: 2222}}
groups:
  studio: {ssh: {port: 22}}
macs:
  studio-01: {groups: [studio]}
  studio-02: {frozen: false}
"""


@pytest.fixture
def project(tmp_path):
    """A function that writes a project with inventory/lab.yaml and more files; returns the lab."""

    def write(text, **files):
        for name, content in {"inventory/lab.yaml": text, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return tmp_path / "inventory" / "lab.yaml"

    return write


def problems(path):
    """Return the problems of a lab, without the folder that it is in."""
    with pytest.raises(LabError) as caught:
        load_lab(path)
    return [str(one).replace(f"{path.parents[1]}/", "") for one in caught.value.problems]


def test_every_mac_gets_the_defaults_and_nearer_settings_win(project):
    """A group and a Mac change single keys of them."""
    macs = load_lab(project(LAB)).macs
    assert [(mac.frozen, mac.environments) for mac in macs.values()] == [
        (True, ("torch",)),
        (False, ("torch",)),
    ]
    assert [(mac.ssh.user, mac.ssh.port) for mac in macs.values()] == [
        ("admin", 22),
        ("admin", 2222),
    ]


def test_the_folder_beside_the_lab_counts_and_else_its_parents(project):
    """A group_data beside the lab file hides the one of the folder around it."""
    outer = {"group_data/all.py": "channels = ['bioconda']\n"}
    assert load_lab(project(LAB, **outer)).macs["studio-01"].channels == ("bioconda",)
    inner = {"inventory/group_data/all.py": "prune = True\n"}
    mac = load_lab(project(LAB, **inner)).macs["studio-01"]
    assert (mac.prune, mac.channels) == (True, ("conda-forge",))


def test_the_working_directory_does_not_count(project, tmp_path, monkeypatch):
    """Neither does a folder that is two levels above the lab."""
    (tmp_path / "elsewhere" / "group_data").mkdir(parents=True)
    (tmp_path / "elsewhere" / "group_data" / "all.py").write_text("prune = True\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert not load_lab(project(LAB)).macs["studio-01"].prune
    deep = tmp_path / "elsewhere" / "labs" / "inventory" / "lab.yaml"
    deep.parent.mkdir(parents=True)
    deep.write_text(LAB)
    assert not load_lab(deep).macs["studio-01"].prune


def test_a_key_has_one_place(project):
    """The same key in the defaults, at the top or in group_data would have two values."""
    path = project(
        LAB + "prune: true\n", **{"group_data/all.py": "frozen = False\nprune = False\n"}
    )
    assert problems(path) == [
        (
            "group_data/all.py:1:1: frozen is already set for all Macs at inventory/lab.yaml:3:12\n"
            "  Keep one of the two."
        ),
        (
            "group_data/all.py:2:1: prune is already set for all Macs at inventory/lab.yaml:9:1\n"
            "  Keep one of the two."
        ),
    ]


def test_another_file_in_group_data_is_an_error(project):
    """Pyinfra would take studio.py for the settings of a group; Torchard says where they belong."""
    names = ("studio.py", "macs.yml", ".gitkeep")
    files = {f"group_data/{name}": "" for name in names}
    assert problems(project(LAB, **files)) == [
        (
            'group_data/macs.yml: Torchard reads only all.py in group_data, and not "macs.yml"\n'
            "  Write these settings under groups: in the lab file, as in macs: {…}."
        ),
        (
            'group_data/studio.py: Torchard reads only all.py in group_data, and not "studio.py"\n'
            "  Write these settings under groups: in the lab file, as in studio: {…}."
        ),
    ]


def test_a_folder_that_cannot_be_read_is_a_problem(project, monkeypatch):
    """It may hold settings that the lab's owner relies on."""
    path = project(LAB, **{"group_data/all.py": ""})

    def refuse(_folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    assert problems(path) == ["group_data: cannot be read: Permission denied\n  Make it readable."]


def test_the_settings_of_another_account_are_not_read(project, monkeypatch):
    """A lab in /tmp would otherwise take the settings that anybody wrote there."""
    path = project(LAB, **{"group_data/all.py": "prune = True\n"})
    monkeypatch.setattr("torchard.lab.group_data._owner", lambda _path: 4321)
    assert problems(path) == [
        (
            "group_data: this belongs to another account, so Torchard does not read it\n"
            "  Move the lab into a folder of your own."
        )
    ]

"""What an interrupted installer leaves is recognised, set aside, and installed again."""

from __future__ import annotations


def by_killed_unpacking(prefix):
    (prefix / "install_tmp").mkdir()
    (prefix / ".messages.txt").touch()
    (prefix / "conda-meta/history").write_text("")


def test_a_half_installed_prefix_is_planned_as_a_repair(settled, torchard):
    """The environment is shown again from its generation."""
    by_killed_unpacking(settled.mac.home / "miniconda3")
    done = torchard("plan", settled.lab_file)
    assert done.returncode == 2
    assert "~/miniconda3 is half installed; it is set aside and installed again" in done.stdout
    assert "~ torch       31 kept" in done.stdout


def test_a_repair_sets_the_half_prefix_aside_and_leaves_the_generations(settled, torchard):
    """Nothing of it is deleted, and the generation that was built is shown, not built again."""
    prefix = settled.mac.home / "miniconda3"
    by_killed_unpacking(prefix)
    (prefix / "envs/mine").mkdir()
    (prefix / "envs/mine/notes").write_text("not Torchard's")
    done = torchard("apply", settled.lab_file, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    (aside,) = settled.mac.home.glob("miniconda3.torchard-aside-*")
    assert (aside / "envs/mine/notes").read_text() == "not Torchard's"
    assert (aside / "install_tmp").is_dir()
    assert settled.same_environment()
    assert settled.computes()
    assert torchard("plan", settled.lab_file).returncode == 0

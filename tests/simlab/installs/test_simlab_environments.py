"""What the stand-in does to whole environments, and to files as it links them."""

from __future__ import annotations

import json
import shutil

import pytest
from told import failure, names


@pytest.fixture
def behind(arm_mac):
    """A generation behind a link, with what pip and Torchard put there: (link, generation)."""
    generation = arm_mac.home / ".torchard/generations/torch-1"
    link = arm_mac.prefix / "envs/torch"
    create = f"create -y -q -p {generation} {arm_mac.channel} xz=5.8.1"
    assert arm_mac.conda(create).returncode == 0
    wheel = generation / "lib/python3.12/site-packages/einops/__init__.py"
    wheel.parent.mkdir(parents=True)
    for path in (wheel, generation / ".torchard.json", generation / ".condarc"):
        path.write_text(f"# {generation}\n", encoding="utf-8")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(generation)
    return link, generation


@pytest.mark.parametrize(
    "command",
    ["remove -y -q --override-channels -c file:///x -n torch --all", "env remove -y -n torch"],
)
def test_an_environment_behind_a_link_is_emptied_and_its_link_removed(arm_mac, behind, command):
    """What no package owns stays in the generation, and so does its history."""
    link, generation = behind
    done = arm_mac.conda(command)
    assert done.returncode == 0, done.stderr
    assert not link.is_symlink()
    assert names(generation) == set()
    left = {path.name for path in generation.iterdir()}
    assert left == {".torchard.json", ".condarc", "lib", "conda-meta"}
    assert (generation / "conda-meta/history").is_file()
    assert (generation / "lib/python3.12/site-packages/einops/__init__.py").is_file()


def test_create_over_a_link_removes_the_link_only(arm_mac, behind):
    """The generation stays whole behind nothing."""
    link, generation = behind
    before = names(generation)
    create = f"create -y -q -n torch {arm_mac.channel} libuv"
    assert arm_mac.conda(create).returncode == 0
    assert not link.is_symlink()
    assert names(link) == {"libuv-1.51.0"}
    assert names(generation) == before
    assert arm_mac.conda(f"remove -y -q -n torch --all {arm_mac.channel}").returncode == 0
    assert not link.exists()


def test_rename_clones_and_removes_the_link_only(arm_mac, behind):
    """The clone has what pip installed, its own paths, and a history of its own."""
    link, generation = behind
    assert arm_mac.conda("rename -n torch renamed").returncode == 0
    renamed = arm_mac.prefix / "envs/renamed"
    assert not link.is_symlink()
    assert names(generation) == names(renamed)
    assert (generation / "conda-meta/history").is_file()
    module = renamed / "lib/python3.12/site-packages/einops/__init__.py"
    assert module.read_text(encoding="utf-8") == f"# {generation}\n"  # it knew the link's path
    assert (
        arm_mac.conda(f"create -y -q -n cloned {arm_mac.channel} --clone renamed").returncode == 0
    )
    assert (arm_mac.prefix / "envs/cloned/.torchard.json").is_file()
    for name in ("renamed", "cloned"):
        assert arm_mac.conda(f"env remove -y -n {name}").returncode == 0


def test_a_frozen_environment_refuses_most_and_not_all(arm_mac, behind):
    """As measured from 25.5 on: variables, `create` over it and `rename` are not refused."""
    _, generation = behind
    (generation / "conda-meta/frozen").write_text("{}", encoding="utf-8")
    for refused in (
        f"remove -y --json -n torch {arm_mac.channel} --all",
        f"install -y --json -n torch {arm_mac.channel} --revision 0",
        f"update -y --json -n torch {arm_mac.channel} --all",
        "env remove -y --json -n torch",
    ):
        assert failure(arm_mac.conda(refused)) == "EnvironmentIsFrozenError"
    assert arm_mac.conda("env config vars set -n torch A=b").returncode == 0
    state = json.loads((generation / "conda-meta/state").read_text(encoding="utf-8"))
    assert state == {"env_vars": {"A": "b"}}


def test_variables_and_scripts_of_an_environment_hold_where_it_is_active(arm_mac, behind):
    """For `conda run`, and for a shell until it is deactivated."""
    _, generation = behind
    assert arm_mac.conda("env config vars set -n torch ANSWER=42 OTHER=1").returncode == 0
    assert arm_mac.conda("env config vars unset -n torch OTHER").returncode == 0
    assert arm_mac.conda("env config vars list -n torch").stdout == "ANSWER = 42\n"
    scripts = generation / "etc/conda/activate.d"
    scripts.mkdir(parents=True)
    (scripts / "mine.sh").write_text("export MINE=$ANSWER\n", encoding="utf-8")
    tell = "'echo ${ANSWER-none} ${OTHER-none} ${MINE-none}'"
    assert arm_mac.conda(f"run -n torch sh -c {tell}").stdout == "42 none 42\n"
    hook = f"eval \"$('{arm_mac.prefix}/bin/conda' shell.posix hook)\""
    tell = "echo ${ANSWER-none} ${MINE-none}"
    said = arm_mac.run(f"{hook}; conda activate torch; {tell}; conda deactivate; {tell}")
    assert said.stdout == "42 42\nnone 42\n"


@pytest.mark.parametrize(
    ("program", "lines"),
    [
        ("fish", "{conda} shell.fish hook | source\nconda activate torch"),
        ("tcsh", 'eval "`{conda} shell.tcsh activate torch`"'),
    ],
)
def test_other_shells_activate_an_environment_too(arm_mac, behind, tmp_path, program, lines):
    """Conda answers fish and tcsh in their own languages."""
    assert behind
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program} here")
    lines = lines.format(conda=f"'{arm_mac.prefix}/bin/conda'")
    script = tmp_path / "script"
    script.write_text(f"{lines}\necho $CONDA_PREFIX\n", encoding="utf-8")
    option = "-f" if program == "tcsh" else "--no-config"
    done = arm_mac.run(f"{found} {option} {script}")
    assert done.stdout == f"{arm_mac.prefix}/envs/torch\n", done.stderr


def test_clean_leaves_environments_alone(arm_mac, behind):
    """The cache's files are links to the same bytes."""
    _, generation = behind
    assert arm_mac.conda("clean -y --all").returncode == 0
    assert list((arm_mac.prefix / "pkgs").iterdir()) == []
    assert (generation / "share/simlab/xz.txt").is_file()
    assert arm_mac.conda("clean -y").returncode == 1


@pytest.mark.parametrize("mac", ["arm_mac", "intel_mac"])
def test_a_binary_with_a_prefix_has_another_size_on_arm64(request, mac):
    """It is signed again there, so it is not as long as its record says; nothing else differs."""
    mac = request.getfixturevalue(mac)
    prefix = mac.prefix / "envs/signed"
    assert mac.conda(f"create -y -q -n signed {mac.channel} openssl").returncode == 0
    (record,) = (prefix / "conda-meta").glob("openssl-*.json")
    paths = json.loads(record.read_text(encoding="utf-8"))["paths_data"]["paths"]
    other = [
        one
        for one in paths
        if (prefix / one["_path"]).lstat().st_size != one["size_in_bytes"]
        and one["path_type"] == "hardlink"
    ]
    (library,) = [one for one in paths if one["_path"].endswith(".dylib")]
    assert other == ([library] if mac.arch == "arm64" else [])
    assert library["file_mode"] == "binary"
    assert f"{prefix}/ssl\0".encode() in (prefix / library["_path"]).read_bytes()
    assert mac.conda("env remove -y -n signed").returncode == 0


def test_a_post_link_script_runs_in_the_active_environment(arm_mac):
    """One that fails ends the transaction, and nothing of it stays."""
    prefix = arm_mac.prefix / "envs/drawing"
    create = f"create -y -q -n drawing {arm_mac.channel} graphviz"
    assert arm_mac.conda(create).returncode == 0
    config = prefix / "share/simlab/graphviz-config.txt"
    assert config.read_text(encoding="utf-8") == f"{prefix}\n"
    done = arm_mac.conda(f"install -y -q -n drawing {arm_mac.channel} graphviz=12.2.1")
    assert done.returncode == 1
    assert "LinkError: post-link script failed for package " in done.stderr
    assert "==> script messages <==\nlibgvplugin_pango: cannot be loaded\n" in done.stderr
    assert "graphviz-13.1.2" in names(prefix)
    done = arm_mac.conda(f"create -y -q -n broken {arm_mac.channel} graphviz=12.2.1")
    assert done.returncode == 1
    assert not (arm_mac.prefix / "envs/broken").exists()

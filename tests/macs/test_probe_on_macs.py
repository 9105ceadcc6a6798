"""The probe on simulated Macs in every state that somebody may have left one in.

Each reading runs under every POSIX shell of this machine, must say the same under all of them,
and must leave every file as it was.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlab import macs
from simlab.spec import MacSpec
from torchard import probe
from torchard.mac import InstalledConda, InstalledDist, Link

SHELLS = [
    shell
    for shell in (["/bin/sh"], ["bash", "--posix"], ["zsh", "--emulate", "sh"])
    if shutil.which(shell[0])
]
NOBODY = 65534
SHA256 = "0123456789abcdef" * 4
STAMP = '{"lock": "abc", "proof": {"mps": true}}'


@pytest.fixture
def root(tmp_path):
    """The root of one simulated Mac, with an empty home."""
    return build(tmp_path, "arm64", "15.1")


def build(directory, arch, macos, *, rosetta=False):
    spec = MacSpec("one", arch, macos, rosetta=rosetta)
    return macs.build(directory, [spec])["one"]


def snapshot(root):
    """Everything below a directory that a reader could have changed."""
    found = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        target = path.readlink() if path.is_symlink() else None
        found[os.fsencode(path)] = (about.st_mode, about.st_size, about.st_mtime_ns, target)
    return found


def answer(root, shell, *, prefix="~/miniconda3", before="", user=None, **environment):
    script = before + probe.script(prefix)
    return subprocess.run(
        [*shell, "-c", script],
        cwd="/",
        env={**macs.environment(root), "PATH": f"{root}/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    ).stdout


def read(root, **options):
    """Read a Mac under every shell; return what all of them say."""
    before = snapshot(root)
    states = []
    for shell in SHELLS:
        lines = answer(root, shell, **options).decode("ascii", "replace").splitlines()
        states.append(replace(probe.parse(lines), clock=0, free=0))
    assert all(state == states[0] for state in states)
    assert snapshot(root) == before
    return states[0]


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def whole(prefix, subdir="osx-arm64"):
    """Make what a finished installer leaves, as far as anybody looks at it."""
    for name in ("bin/conda", "bin/python"):
        write(prefix / name, "#!/bin/sh\n").chmod(0o755)
    write(prefix / "_conda")
    write(prefix / "conda-meta/history", "==> now <==\n# update specs: ['conda==26.5.3']\n")
    record(prefix, "python-3.13.12-h1_0_cpython", f'{{\n  "subdir": "{subdir}",\n  "x": 1\n}}\n')
    record(prefix, "conda-26.5.3-py313h2_0", "{}")
    record(prefix, "conda-anaconda-tos-0.2.2-py313h2_0", "{}")
    return prefix


def record(environment, stem, text):
    return write(environment / f"conda-meta/{stem}.json", text)


def conda_record(sha256, indent=2, files=()):
    """Write a record as conda does: sorted keys, and the files' own sums before the archive's."""
    data = {
        "files": ["lib/a.py"],
        "name": "numpy",
        "paths_data": {"paths": [*files, {"_path": "lib/a.py", "sha256": "f" * 64}]},
        "sha256": sha256,
        "url": "https://conda.anaconda.org/conda-forge/osx-arm64/numpy-2.0-h1_0.conda",
    }
    return json.dumps(data, indent=indent, sort_keys=True)


def dist(environment, stem, version="3.12"):
    folder = environment / f"lib/python{version}/site-packages/{stem}"
    write(folder / "METADATA", "Metadata-Version: 2.1\n")
    return folder


def generation(root, name="torch-abc"):
    path = root / f"home/.torchard/generations/{name}"
    write(path / "conda-meta/history")
    return path


def only(state):
    (environment,) = state.environments.values()
    return environment


@pytest.mark.parametrize(
    ("arch", "macos", "rosetta"),
    [("arm64", "15.1", False), ("arm64", "13.6.1", True), ("x86_64", "12.7", False)],
)
def test_a_mac_without_miniconda_is_a_valid_state(tmp_path, arch, macos, rosetta):
    """The hardware's arch is told even where the shell runs under Rosetta."""
    root = build(tmp_path, arch, macos, rosetta=rosetta)
    state = read(root, SYSTEM_VERSION_COMPAT="1")
    assert (state.arch, state.macos, state.translated) == (arch, macos, rosetta)
    assert (state.home, state.user) == (str(root / "home"), macs.user())
    assert (state.prefix, state.prefix_state) == (f"{root}/home/miniconda3", "absent")
    assert (state.prefix_arch, state.prefix_ours, state.conda_version) == (None, None, None)
    assert (state.links, state.environments, state.depot, state.lock) == ({}, {}, {}, None)
    assert not state.shell_block


def test_the_free_disk_and_the_clock_are_told(root):
    """Bytes of the volume of the home, whatever the volume is called."""
    macs.change(root, fault={"disk_free": 7 * 1024**3})
    state = probe.parse(answer(root, SHELLS[0]).decode().splitlines())
    assert state.free == 7 * 1024**3
    assert state.clock > 1_700_000_000
    df = root / "bin/df"
    df.write_text(
        "#!/bin/sh\necho 'Filesystem 1024-blocks Used Available Capacity Mounted on'\n"
        "echo '//us@server/Our homes 1000 400 600 40% /System/Volumes/Our 99% homes'\n"
    )
    for shell in SHELLS:
        assert probe.parse(answer(root, shell).decode().splitlines()).free == 600 * 1024


def test_a_prefix_is_read_wherever_the_lab_wants_it(root):
    """`~` stands for the home, also by itself; an absolute prefix is taken as it is."""
    whole(root / "home")
    whole(root / "opt/conda")
    for prefix, path in (("~", root / "home"), (f"{root}/opt/conda", root / "opt/conda")):
        state = read(root, prefix=prefix)
        assert (state.prefix, state.prefix_state) == (str(path), "whole")


@pytest.mark.parametrize(("subdir", "arch"), [("osx-arm64", "arm64"), ("osx-64", "x86_64")])
def test_a_persons_own_miniconda_is_whole_and_not_ours(root, subdir, arch):
    """Whole by conda's own signs; its arch is its python's, which may not be the hardware's."""
    whole(root / "home/miniconda3", subdir)
    state = read(root)
    assert (state.prefix_state, state.prefix_ours) == ("whole", None)
    assert (state.prefix_arch, state.conda_version) == (arch, "26.5.3")


def test_a_miniconda_that_torchard_installed_carries_its_mark(root):
    """The mark is read as JSON."""
    prefix = whole(root / "home/miniconda3")
    write(prefix / ".torchard.json", '{"format": 1}\n')
    assert read(root).prefix_ours == {"format": 1}


def test_a_prefix_may_be_a_link_to_a_whole_miniconda(root):
    """A person may keep it on another volume."""
    whole(root / "home/elsewhere")
    (root / "home/miniconda3").symlink_to("elsewhere")
    assert read(root).prefix_state == "whole"


@pytest.mark.parametrize(
    "sign", [".messages.txt", "install_tmp/", "preconda.tar.bz2", "postconda.tar.bz2"]
)
def test_each_sign_of_an_interrupted_installer_means_half(root, sign):
    """However whole the rest looks."""
    prefix = whole(root / "home/miniconda3")
    if sign.endswith("/"):
        (prefix / sign).mkdir()
    else:
        write(prefix / sign)
    assert read(root).prefix_state == "half"


@pytest.mark.parametrize("left", ["", "_conda", "conda-meta/", "conda-meta/history"])
def test_what_an_installer_leaves_when_it_is_killed_early_means_half(root, left):
    """An empty directory, the program without a payload, an empty history."""
    prefix = root / "home/miniconda3"
    prefix.mkdir()
    if left.endswith("/"):
        (prefix / left).mkdir()
    elif left:
        write(prefix / left)
    assert read(root).prefix_state == "half"


@pytest.mark.parametrize(("lost", "mark"), [("conda", True), ("python", True), ("python", False)])
def test_a_miniconda_that_cannot_run_is_half(root, lost, mark):
    """It is a Miniconda by its conda, or ours by its mark."""
    prefix = whole(root / "home/miniconda3")
    if mark:
        write(prefix / ".torchard.json", "{}")
    (prefix / "bin" / lost).unlink()
    assert read(root).prefix_state == "half"


def _a_directory(prefix):
    write(prefix / "thesis.tex")


def _a_file(prefix):
    write(prefix)


def _a_dangling_link(prefix):
    prefix.symlink_to("/Volumes/Gone/miniconda3")


def _a_link_to_an_empty_directory(prefix):
    (prefix.parent / "elsewhere").mkdir()
    prefix.symlink_to("elsewhere")


def _a_link_to_a_half_installed_one(prefix):
    write(prefix.parent / "elsewhere/.messages.txt")
    prefix.symlink_to("elsewhere")


def _an_environment_without_conda(prefix):
    (whole(prefix) / "bin/conda").unlink()


@pytest.mark.parametrize(
    "prepare",
    [
        _a_directory,
        _a_file,
        _a_dangling_link,
        _a_link_to_an_empty_directory,
        _a_link_to_a_half_installed_one,
        _an_environment_without_conda,
    ],
)
def test_what_no_installer_leaves_is_foreign(root, prepare):
    """Half is set aside, so whatever may be a person's must never be taken for it."""
    prepare(root / "home/miniconda3")
    assert read(root).prefix_state == "foreign"


@pytest.fixture
def strangers():
    """A Mac whose probe runs as somebody who may not read everything."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        root = build(Path(made), "arm64", "15.1")
        yield root
        for path in root.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def test_an_unreadable_directory_is_never_taken_for_an_empty_one(strangers):
    """What cannot be looked into is foreign, and is not set aside."""
    user = NOBODY if os.geteuid() == 0 else None
    prefix = strangers / "home/miniconda3"
    write(prefix / "thesis.tex")
    prefix.chmod(0o000)
    assert read(strangers, user=user).prefix_state == "foreign"


def test_unreadable_parts_of_a_mac_are_passed_over(strangers):
    """The rest is told all the same: a record has no sha256, a broken stamp says nothing."""
    user = NOBODY if os.geteuid() == 0 else None
    path = generation(strangers)
    record(path, "a-1-0", conda_record(SHA256)).chmod(0o000)
    record(path, "b-1-0", conda_record(SHA256))
    write(path / ".torchard.json", STAMP).chmod(0o000)
    write(generation(strangers, "closed") / "x").parent.chmod(0o000)
    write(strangers / "home/.torchard/depot/x").parent.chmod(0o000)
    write(strangers / "home/.torchard/lock/owner").parent.chmod(0o000)
    write(strangers / "home/.zshrc", "# >>> conda initialize >>>\n").chmod(0o000)
    whole(strangers / "home/miniconda3")
    write(strangers / "home/miniconda3/envs/x/y").parent.parent.chmod(0o000)
    state = read(strangers, user=user)
    assert state.prefix_state == "whole"
    opened = state.environments[str(path)]
    assert opened.conda == (
        InstalledConda("a", "1", "0", None),
        InstalledConda("b", "1", "0", SHA256),
    )
    assert opened.stamp == {}
    assert not state.environments[f"{path.parent}/closed"].whole
    assert not state.shell_block
    assert state.lock is not None
    assert not state.lock.busy


def test_what_stands_at_each_environments_name_is_told(root):
    """Links with their targets, dangling or not; real directories and files have none."""
    path = generation(root)
    envs = whole(root / "home/miniconda3") / "envs"
    write(envs / ".conda_envs_dir_test")
    (envs / "shown").symlink_to(path)
    (envs / "chain").symlink_to("shown")
    (envs / "dangling").symlink_to("/nowhere/at all")
    (envs / "real").mkdir()
    write(envs / "file")
    state = read(root)
    assert state.links == {
        "shown": Link("shown", str(path)),
        "chain": Link("chain", "shown"),
        "dangling": Link("dangling", "/nowhere/at all"),
        "real": Link("real", None),
        "file": Link("file", None),
    }
    assert set(state.environments) == {str(path), str(envs / "real")}


def test_a_real_environment_is_read_with_its_packages(root):
    """A person's own environment counts like a generation."""
    path = whole(root / "home/miniconda3") / "envs/thesis"
    write(path / "conda-meta/history")
    record(path, "numpy-2.0-h1_0", conda_record(SHA256))
    dist(path, "torch-2.9.1.dist-info")
    environment = only(read(root))
    assert (environment.path, environment.whole, environment.damaged) == (str(path), True, False)
    assert environment.conda == (InstalledConda("numpy", "2.0", "h1_0", SHA256),)
    assert environment.dists == (InstalledDist("torch", "2.9.1"),)
    assert environment.stamp is None


def _by_rattler(sha256):
    """Write a record as rattler does: the archive's sum before the files."""
    data = json.loads(conda_record(sha256))
    return json.dumps({"sha256": data.pop("sha256"), **data, "paths": _FILES}, indent=2)


def _in_the_middle(sha256):
    """Write a record as nobody does."""
    return json.dumps({"a": _FILES, "sha256": sha256, "z": _FILES}, indent=2)


_FILES = [{"_path": f"lib/{number}.py", "sha256": "e" * 64} for number in range(300)]


@pytest.mark.parametrize(
    "text",
    [
        conda_record(SHA256),
        conda_record(SHA256, indent=4),
        conda_record(SHA256, files=_FILES),
        _by_rattler(SHA256),
        _in_the_middle(SHA256),
    ],
    ids=["conda", "micromamba", "long", "rattler", "middle"],
)
def test_the_sha256_of_a_record_is_its_archives_and_not_a_files(root, text):
    """Two spaces are what conda and rattler indent by, four what micromamba does."""
    path = generation(root)
    record(path, "python-dateutil-2.9.0.post0-pyhe01879c_2", text)
    package = InstalledConda("python-dateutil", "2.9.0.post0", "pyhe01879c_2", SHA256)
    assert only(read(root)).conda == (package,)


def test_a_line_that_is_cut_is_never_taken_for_a_records_own(root):
    """Wherever the cut falls in the list of its files, whose sums are indented further."""
    path = generation(root)
    for length in range(160):
        text = conda_record(SHA256, files=_FILES)
        record(path, f"p{length}-1-0", text.replace(".conda", "x" * length + ".conda"))
    assert {one.sha256 for one in only(read(root)).conda} == {SHA256}


def test_a_record_that_cannot_be_read_has_no_sha256_and_stops_no_other(root):
    """Empty, cut short, a dangling link, bytes that are no text."""
    path = generation(root)
    record(path, "a-1-0", "")
    record(path, "b-1-0", conda_record(SHA256)[:-150])
    (path / "conda-meta/c-1-0.json").symlink_to("/nowhere")
    record(path, "d-1-0", b'{\n  "sha256": "\xff\x00\xfe",\n')
    record(path, "f-1!1.0+b-0", conda_record(SHA256))
    environment = only(read(root))
    assert [(one.name, one.version, one.sha256) for one in environment.conda] == [
        *((name, "1", None) for name in "abcd"),
        ("f", "1!1.0+b", SHA256),
    ]
    assert not environment.damaged


def test_a_record_that_is_a_directory_means_damaged(root):
    """Some awks end there; what came before is told, and the rest of the Mac too."""
    path = generation(root)
    record(path, "a-1-0", conda_record(SHA256))
    (path / "conda-meta/b-1-0.json").mkdir()
    environment = only(read(root))
    assert environment.conda[0] == InstalledConda("a", "1", "0", SHA256)
    assert environment.damaged or environment.conda[1].sha256 is None


@pytest.mark.parametrize(
    "name",
    ["nonsense.json", "a b-1-0.json", "x-1-0\nend\tok\n-1-0.json", "é-1-0.json", "a-1-0.json.c~"],
)
def test_records_that_are_no_records_mean_damaged(root, name):
    """An interrupted conda leaves `*.c~`; any other name makes conda itself fail."""
    path = generation(root)
    write(path / "conda-meta" / name, "{}")
    record(path, "z-1-0", conda_record(SHA256))
    environment = only(read(root))
    assert environment.damaged
    assert environment.conda == (InstalledConda("z", "1", "0", SHA256),)


def test_a_distribution_is_what_pip_would_list(root):
    """With METADATA, under a name that a wheel can have, once though python3.1 is a link."""
    path = generation(root)
    dist(path, "torch-2.9.1+cpu.dist-info")
    dist(path, "ruamel.yaml-0.18.dist-info")
    dist(path, "~orch-2.9.0.dist-info")
    dist(path, "tb\tnightly\nend\tok-1.dist-info")
    dist(path, "old-1.0.egg-info")
    (path / "lib/python3.12/site-packages/hollow-1.0.dist-info").mkdir()
    (path / "lib/python3.1").symlink_to("python3.12")
    assert only(read(root)).dists == (
        InstalledDist("ruamel.yaml", "0.18"),
        InstalledDist("torch", "2.9.1+cpu"),
    )


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        (STAMP, json.loads(STAMP)),
        ('{\n\t"lock":\t"abc"\r\n}\n\n', {"lock": "abc"}),
        ('{"who": "J\\u00fcrgen \\u001b[31m"}', {"who": "Jürgen \x1b[31m"}),
        ('{"who": "Jürgen"}', {"who": "Jrgen"}),
        ("", {}),
        ("[1, 2]", {}),
        ('{"lock": "abc"', {}),
        (b'\xff\xfe\x00\x00{"lock": 1}', {"lock": 1}),
        ("x\nend\tok\nkernel\tLinux\n", {}),
        ('{"a":' + "[" * 30_000, {}),
        ('"' + "a" * 1_000_000 + '"', {}),
    ],
    ids=lambda value: str(value)[:12] if isinstance(value, str | bytes) else "",
)
def test_whatever_a_stamp_holds_it_stays_one_line(root, text, stamp):
    """A broken one says nothing, and is told from none at all."""
    write(generation(root) / ".torchard.json", text)
    state = read(root)
    assert only(state).stamp == stamp
    assert state.macos == "15.1"


def test_generations_are_directories(root):
    """Links and files beside them are none."""
    path = generation(root)
    (path.parent / "link").symlink_to(path)
    write(path.parent / ".building-torch-abc")
    write(path.parent / "file")
    (path.parent / "bare").mkdir()
    state = read(root)
    assert {one: state.environments[one].whole for one in state.environments} == {
        f"{path.parent}/bare": False,
        str(path): True,
    }


def test_the_depot_holds_files_named_by_their_sha256(root):
    """With their sizes, also those that are not verified yet; other names are passed over."""
    depot = root / "home/.torchard/depot"
    write(depot / SHA256, "abc")
    write(depot / f"incoming/{'f' * 64}", "a")
    write(depot / "incoming/abc123", "a")
    write(depot / f"x ./{'e' * 64}", "a")
    write(depot / f"{'c' * 64} x", "a")
    write(depot / f"x\n./{'d' * 64}", "a")
    assert read(root).depot == {SHA256: 3, "f" * 64: 1}


def started(root, pid):
    return macs.run(root, f"TZ=UTC0 LC_ALL=C ps -o lstart= -p {pid}").stdout.rstrip("\n")


@pytest.mark.parametrize("signed", ["running", "step"])
def test_a_run_at_work_is_told_from_one_that_is_gone(root, signed):
    """By its process, or that of its step, and its start in UTC: a number could be another's."""
    lock = root / "home/.torchard/lock"
    write(lock / "owner", "12-ab 1700000000 ann@imac of Ann\n")
    write(lock / "running", "999999999\nMon Jan  1 00:00:00 2001\n2001-01-01 00:00 UTC\n")
    write(lock / signed, f"{os.getpid()}\n{started(root, os.getpid())}\n")
    state = read(root, TZ="Asia/Tokyo")
    assert state.lock is not None
    assert (state.lock.token, state.lock.since) == ("12-ab", 1_700_000_000)
    assert (state.lock.who, state.lock.busy) == ("ann@imac of Ann", True)


@pytest.mark.parametrize(
    "running",
    [None, "", "1\n", "999999999\n", "1\nMon Jan  1 00:00:00 2001\n", "-1\nx\n", "x y\nz\n"],
)
def test_a_lock_whose_process_is_gone_is_not_busy(root, running):
    """Unsigned, half written, of a process that is gone, or whose number another has now."""
    (root / "home/.torchard/lock").mkdir(parents=True)
    if running is not None:
        write(root / "home/.torchard/lock/running", running)
    lock = read(root).lock
    assert lock is not None
    assert (lock.who, lock.since, lock.busy) == ("somebody", 0, False)


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        (".zshrc", "# >>> conda initialize >>>\n", True),
        (".bash_profile", "a\n# >>> conda initialize >>>\n", True),
        (".zshrc", "echo '# >>> conda initialize >>>'\n", False),
        (".profile", "# >>> conda initialize >>>\n", False),
    ],
)
def test_the_block_of_conda_init_is_found(root, file, text, found):
    """Where conda init writes it on a Mac."""
    write(root / "home" / file, text)
    assert read(root).shell_block is found


def test_a_home_may_have_any_name(root):
    """Spaces, quotes, a dollar, a newline, letters beyond ASCII."""
    home = root / "the home\tof 'Jürgen' \"$HOME\" `id`\n*"
    generation(root)
    shutil.move(root / "home", home)
    whole(home / "miniconda3")
    state = read(root, HOME=str(home))
    assert (state.home, state.prefix_state) == (str(home), "whole")
    assert list(state.environments) == [f"{home}/.torchard/generations/torch-abc"]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1
        ).filter(lambda name: not name.startswith(".") and len(name.encode()) < 200),
        min_size=1,
        max_size=20,
        unique=True,
    )
)
def test_every_name_comes_back_as_it_is(root, names):
    """Names and targets of links, whatever characters they are made of."""
    envs = whole(root / "home/miniconda3") / "envs"
    shutil.rmtree(envs, ignore_errors=True)
    envs.mkdir()
    for name in names:
        (envs / name).symlink_to(f"/x/{name}y")
    state = probe.parse(answer(root, SHELLS[0]).decode("ascii").splitlines())
    assert state.links == {name: Link(name, f"/x/{name}y") for name in names}


def test_a_link_to_bytes_that_are_no_text_is_told_readably(root):
    """No name on a Mac is made of them, but what a link leads to may be."""
    envs = whole(root / "home/miniconda3") / "envs"
    envs.mkdir()
    (envs / "torch").symlink_to(os.fsdecode(b"/x\xff\xfe"))
    assert read(root).links == {"torch": Link("torch", "/x\\xff\\xfe")}


def test_what_a_login_prints_is_passed_over(root):
    """A banner without a newline, and one that looks like an answer."""
    noise = r"printf 'kernel\tLinux\nend\tok\nlink\tx\t-\nbegin\nlock\t\t1\nend\nWelcome'; "
    state = read(root, before=noise)
    assert (state.links, state.lock) == ({}, None)


def test_the_answer_is_ascii_though_everything_else_is_not(root):
    """After a byte that is no UTF-8, pyinfra would lose the rest of an answer."""
    path = generation(root)
    write(path / ".torchard.json", b"\xff\x80")
    write(root / "home/.torchard/lock/owner", b"\xff 1 \xff")
    record(path, "x-1-0", b'{\n  "sha256": "\xff"\n}')
    dist(path, os.fsdecode(b"caf\xe9-1.dist-info"))
    for shell in SHELLS:
        answer(root, shell).decode("ascii")


def test_a_host_that_is_no_mac_is_named(root):
    """The same script runs on Linux, and its answer is refused there."""
    shutil.rmtree(root / "bin")
    with pytest.raises(probe.ProbeError, match="it runs Linux, not macOS"):
        read(root, PATH="/usr/bin:/bin")


def test_no_program_is_started_for_a_package(root, tmp_path):
    """A Mac with two hundred packages costs no more processes than one with two."""
    log = tmp_path / "started"
    wrapped = tmp_path / "wrapped"
    wrapped.mkdir()
    for tool in (root / "bin").iterdir():
        text = f'#!/bin/sh\necho {tool.name} >>{log}\nexec {tool} "$@"\n'
        write(wrapped / tool.name, text).chmod(0o755)

    def count(packages):
        for number in range(packages):
            for name in ("one", "two"):
                path = generation(root, name)
                record(path, f"p{number}-1-0", conda_record(SHA256))
                dist(path, f"d{number}-1.dist-info")
        write(log)
        lines = answer(root, SHELLS[0], PATH=str(wrapped)).decode().splitlines()
        assert [len(one.conda) for one in probe.parse(lines).environments.values()] == [
            packages
        ] * 2
        return sorted(log.read_text().split())

    assert count(2) == count(200)

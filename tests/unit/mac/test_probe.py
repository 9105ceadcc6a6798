"""Parsing the probe's answer: a cut is always noticed, and no line can cause another error."""

from __future__ import annotations

import shlex
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchard.mac import probe
from torchard.mac.sharing import Access, Sharing
from torchard.mac.state import (
    InstalledConda,
    InstalledDist,
    InstalledEnvironment,
    KeptFolders,
    KernelFile,
    Link,
    MacState,
    Packages,
    RunLock,
    ShellFile,
)
from torchard.mac.volume import Volume

SHA256 = "0123456789abcdef" * 4
HEAD = [
    "begin",
    "kernel\tDarwin",
    "machine\tx86_64",
    "arm64\t1",
    "translated\t1",
    "virtual\t1",
    "macos\t15.1",
]
PLACE = ["home\t=/Users/ann", "prefix\t=/Users/ann/miniconda3", "prefix_state\tabsent"]
LEAST = [*HEAD, *PLACE, "end\tok"]
GENERATION = "/Users/ann/.torchard/generations/torch-abc"
KERNELS = "/Users/ann/Library/Jupyter/kernels"
WHOLE = [
    "Welcome!",
    *HEAD,
    "home\t=/Users/ann",
    "user\t=ann",
    "free\t1000",
    "clock\t1700000000",
    "hardware\t11111111-2222-3333-4444-555555555555",
    "boot\tAAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE",
    "guarded\t=/Users/ann/Documents\tdenied",
    "unmounted\t=/Volumes/Data",
    "unmounted\t=/Volumes/Data",
    "volume_home\tnfs\tnoexec\t=files:/homes\t=/ann",
    "volume_prefix\tapfs\texec\t=/dev/disk3s5\t=/Users/ann/miniconda3",
    "prefix\t=/Users/ann/miniconda3",
    "prefix_state\twhole",
    "prefix_subdir\tosx-arm64",
    "conda_version\t26.5.3",
    'prefix_mark\t{"format": 1}',
    f"link\t=torch\t={GENERATION}",
    "link\t=own\t-",
    "environment\t=/Users/ann/miniconda3/envs/own",
    "whole\t1",
    "damaged\t1",
    f"environment\t={GENERATION}",
    "whole\t1",
    "dist\ttorch-2.15.0",
    f"conda\tpython\t3.12.13\th0_0_cpython\t{SHA256}",
    "conda\ttk\t8.6.13\th0_0\t",
    'stamp\t{"lock": "abc"}',
    "condarc\t",
    "condarc\t=channels: [x]",
    "condarc\tc3a9",
    "made\tother",
    f"made_conda\ttk\t8.6.12\th0_0\t{SHA256}",
    "made_dist\ttorch-2.14.1",
    "variable\tLAB_DATA\tsame",
    "variable\tMINE\town",
    "variable\tOTHER\tnobody's",
    "base\t=/Users/ann/miniconda3",
    "whole\t1",
    "dist\tpip-26.1",
    "made\tsame",
    f"depot\t{SHA256}\t12",
    "lock\t12-ab 1700000000 ann@imac of Ann\t41 42\t\t1700000600",
    "shell_file\t.zshrc\tfile\t=/Users/ann/.zshrc\t610a62",
    "shell_file\t.bash_profile\tabsent\t=/Users/ann/.bash_profile\t=",
    "shell_file\t.zprofile\tof another kind\t=/Users/ann/.zprofile\t=",
    "bash_reads\t.profile",
    f"kernel\t=torch\t={KERNELS}/torchard-torch/kernel.json\t7b7d",
    f"kernel\t=own\t={KERNELS}/torchard-own/kernel.json\t-",
    "end\tok",
]


def test_an_answer_becomes_the_state_of_a_mac():
    """Every kind of line, after a banner. The arch is the hardware's."""
    assert probe.parse(WHOLE) == MacState(
        arch="arm64",
        translated=True,
        virtual=True,
        macos="15.1",
        home="/Users/ann",
        user="ann",
        free=1000 * 1024,
        prefix="/Users/ann/miniconda3",
        prefix_state="whole",
        prefix_arch="arm64",
        prefix_ours={"format": 1},
        conda_version="26.5.3",
        links={"torch": Link("torch", GENERATION), "own": Link("own", None)},
        environments={
            "/Users/ann/miniconda3/envs/own": InstalledEnvironment(
                "/Users/ann/miniconda3/envs/own", whole=True, damaged=True
            ),
            GENERATION: InstalledEnvironment(
                GENERATION,
                whole=True,
                conda=(
                    InstalledConda("python", "3.12.13", "h0_0_cpython", SHA256),
                    InstalledConda("tk", "8.6.13", "h0_0", None),
                ),
                dists=(InstalledDist("torch", "2.15.0"),),
                stamp={"lock": "abc"},
                condarc="channels: [x]\né\n",
                made=Packages(
                    (InstalledConda("tk", "8.6.12", "h0_0", SHA256),),
                    (InstalledDist("torch", "2.14.1"),),
                ),
                variables={"LAB_DATA": "same", "MINE": "own"},
            ),
        },
        base=InstalledEnvironment(
            "/Users/ann/miniconda3",
            whole=True,
            dists=(InstalledDist("pip", "26.1"),),
            made=Packages(dists=(InstalledDist("pip", "26.1"),)),
        ),
        depot={SHA256: 12},
        lock=RunLock("12-ab", "ann@imac of Ann", 1700000000, (41, 42), until=1700000600),
        clock=1700000000,
        hardware="11111111-2222-3333-4444-555555555555",
        boot="AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE",
        guarded=("/Users/ann/Documents", False),
        unmounted=("/Volumes/Data",),
        home_volume=Volume("nfs", "files:/homes", "/ann", executes=False),
        prefix_volume=Volume("apfs", "/dev/disk3s5", "/Users/ann/miniconda3"),
        shell_files={
            ".zshrc": ShellFile("/Users/ann/.zshrc", "file", "a\nb"),
            ".bash_profile": ShellFile("/Users/ann/.bash_profile"),
        },
        bash_reads=".profile",
        kernels={
            "torch": KernelFile(f"{KERNELS}/torchard-torch/kernel.json", "{}"),
            "own": KernelFile(f"{KERNELS}/torchard-own/kernel.json", None),
        },
        printed_at_start="Welcome!",
    )


def test_the_shortest_answer_is_of_a_mac_without_miniconda():
    """That is a valid state."""
    state = probe.parse(f"{line}\r\n" for line in LEAST)
    assert (state.prefix_state, state.environments, state.lock) == ("absent", {}, None)
    assert (state.free, state.clock, state.shell_files, state.bash_reads) == (0, 0, {}, None)


@given(st.integers(0, len("\n".join(WHOLE)) - 1))
def test_an_answer_that_is_cut_anywhere_is_an_error(length):
    """Between two lines, or in the middle of one."""
    with pytest.raises(probe.ProbeError, match="cut short"):
        probe.parse("\n".join(WHOLE)[:length].split("\n"))


def test_lines_after_the_end_are_ignored():
    """A banner that looks like an end does not end the answer."""
    state = probe.parse(["end\tok", "macos\t99", *LEAST, "macos\t99", "end\tok"])
    assert state.macos == "15.1"


KINDS = sorted({line.partition("\t")[0] for line in WHOLE})
FIELDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["=x", "zz", "ff", "-", "1", "²", "9" * 5000, "[" * 5000, "Ⅷ", '{"a": 1}', "", "1 2 3 4"]
    ),
)
LINES = st.one_of(
    st.text(max_size=40),
    st.builds(
        lambda kind, fields: "\t".join([kind, *fields]),
        st.sampled_from(KINDS),
        st.lists(FIELDS, max_size=5),
    ),
)


@given(st.lists(LINES, max_size=30))
def test_any_lines_are_a_state_or_a_probe_error(lines):
    """Whatever a shell prints."""
    with suppress(probe.ProbeError):
        probe.parse([*HEAD, *PLACE, *lines, "end\tok"])


@given(st.lists(LINES, max_size=30))
def test_lines_without_a_beginning_are_an_error(lines):
    """They are not a probe's answer."""
    with pytest.raises(probe.ProbeError):
        probe.parse([line for line in lines if line != "begin"])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_name_survives_the_encoding(name):
    """As hexadecimal bytes, or as itself in printable ASCII."""
    forms = [name.encode().hex()]
    if name.isascii() and name.isprintable():
        forms.append(f"={name}")
    for form in forms:
        state = probe.parse([*HEAD, *PLACE, f"link\t{form}\t{form}", "end\tok"])
        assert state.links == {name: Link(name, name)}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("kernel\tLinux", "it runs Linux, not macOS"),
        ("kernel\t", "an unknown system"),
        ("macos\t", "lacks the version of macOS"),
        ("macos\tfifteen", "lacks the version of macOS"),
        ("macos\t15.1.1.1.1", "lacks the version of macOS"),
        ("prefix_state\t", "lacks its home, or the state of the prefix"),
        ("prefix_state\tbroken", "lacks its home, or the state of the prefix"),
        ("home\t=", "lacks its home"),
        ("home\t=relative", "lacks its home"),
        ("home\tzz", "lacks its home"),
    ],
)
def test_an_answer_that_is_not_of_a_mac_is_an_error(line, sentence):
    """Each error says what is missing and what to do."""
    with pytest.raises(probe.ProbeError, match=sentence) as caught:
        probe.parse([*HEAD, *PLACE, line, "end\tok"])
    assert caught.value.instead


def test_a_missing_tool_is_an_error():
    """Whatever else was read. It names the tool and where Torchard looked for it."""
    lines = [*HEAD, "missing\tsysctl\t=/opt/bin:/bin", "missing\tps\t=/opt/bin:/bin", *PLACE]
    lines.insert(2, "missing\tid\t=/opt/bin:/bin")
    with pytest.raises(probe.MissingToolError) as caught:
        probe.parse([*lines, "end\tok"])
    assert caught.value.message == (
        "it has no id, sysctl and ps: not on the account's PATH (/opt/bin:/bin), and not in"
        " /usr/sbin or /sbin"
    )
    assert "/usr/bin:/bin:/usr/sbin:/sbin on its PATH" in caught.value.instead


def test_a_mac_without_uname_is_not_another_system():
    """Nor is a Mac with any other tool missing."""
    missing = ["missing\tuname\t=", "missing\tsw_vers\t="]
    with pytest.raises(probe.MissingToolError, match=r"no uname and sw_vers: .*PATH \(empty\)"):
        probe.parse([*HEAD, "kernel\t", *missing, *PLACE, "end\tok"])
    with pytest.raises(probe.NotAMacError, match="it runs Linux"):
        probe.parse([*HEAD, "kernel\tLinux", "missing\tsw_vers\t=/bin", *PLACE, "end\tok"])


def test_lines_before_the_first_environment_are_skipped():
    """What names no environment first is passed over."""
    state = probe.parse([*HEAD, *PLACE, "whole\t1", "dist\ttorch-2", "stamp\t{}", "end\tok"])
    assert (state.environments, state.base) == ({}, None)


@pytest.mark.parametrize("machine", ["x86_64", "i386", ""])
def test_the_arch_is_what_uname_says_without_arm64_hardware(machine):
    """The caller decides whether it knows that arch."""
    lines = [*HEAD, "arm64\t", f"machine\t{machine}", *PLACE, "end\tok"]
    assert probe.parse(lines).arch == machine


@pytest.mark.parametrize(
    ("lines", "shared"),
    [
        ([], None),
        (["root\t=/Users/ann/.torchard"], None),
        (["root\t=/opt/lab/.torchard"], "/opt/lab/.torchard"),
    ],
)
def test_torchards_own_directory_is_where_the_mac_says(lines, shared):
    """In the home, or beside a prefix that accounts share; the generations are in it."""
    state = probe.parse([*HEAD, *PLACE, *lines, "shown\ttorch-1", "end\tok"])
    assert (state.sharing and state.sharing.root) == shared
    assert state.root == (shared or f"{state.home}/.torchard")
    assert state.last_activated == (f"{state.root}/generations/torch-1",)


def test_who_may_write_matters_only_beside_a_shared_prefix():
    """There, each directory on the way is known by its owner and mode."""
    lines = [
        "sharing\tuid\t501",
        "access\t=/opt\tdrwxr-xr-x\t0\t0\t=root\t",
        "kernel_access\t=/usr/local\tdrwxrwxr-x\t0\t80\t=root\t",
    ]
    assert probe.parse([*HEAD, *PLACE, *lines, "end\tok"]).sharing is None
    shared = "root\t=/opt/lab/.torchard"
    assert probe.parse([*HEAD, *PLACE, shared, *lines, "end\tok"]).sharing == Sharing(
        "/opt/lab/.torchard",
        501,
        (Access("/opt", "drwxr-xr-x", "root", 0, 0),),
        kernels_access=(Access("/usr/local", "drwxrwxr-x", "root", 0, 80),),
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_prefix_reaches_the_script_as_one_word(prefix):
    """Whatever it contains, the shell reads one assignment."""
    first = probe.build_script(prefix).removesuffix(probe.build_script("").partition("\n")[2])
    assert shlex.split(first) == [f"PREFIX={prefix}"]


@pytest.mark.parametrize(
    ("lines", "room"),
    [
        ([], 0),
        (["123456789012"], 123456789012),
        (["Welcome!", "123", ""], 123),
        (["missing value"], 0),
        (["-1", "1.5e10", "9" * 5000], 0),
    ],
)
def test_the_disk_that_macos_can_free_is_one_number(lines, room):
    """All other output is ignored."""
    assert probe.parse_room(lines) == room


def test_each_part_of_a_generation_is_read():
    """What it lacks, and a failed verification. A broken stamp is empty."""
    lines = [
        f"environment\t={GENERATION}",
        "lacks\tpython",
        "lacks\tsoul",
        "stamp\t{broken",
        'failed\t{"date": "2026-11-28T10:00:00Z", "reason": "no\\nMPS"}',
        "environment\t=/Users/ann/other",
        'failed\t["?"]',
    ]
    state = probe.parse([*HEAD, *PLACE, *lines, "end\tok"])
    one, other = state.environments.values()
    assert one.missing == ("python",)
    assert one.stamp == {}
    assert one.failed == ("2026-11-28", "no MPS")
    assert other.failed is not None
    assert other.failed[0] == ""


def test_settings_of_conda_are_read_by_file_and_key():
    """In their order. Anything else on such a line is ignored."""
    lines = [
        "conda_setting\t=/etc/conda/.condarc\tchannels\tmain",
        "conda_setting\t=/etc/conda/.condarc\tchannels\tanaconda",
        "conda_final\t=/etc/conda/.condarc\tssl_verify",
        "conda_setting\tbroken",
        "guarded\tbroken",
    ]
    state = probe.parse([*HEAD, *PLACE, *lines, "end\tok"])
    assert [(one.file, one.key, one.values, one.final) for one in state.conda_settings] == [
        ("/etc/conda/.condarc", "channels", ("main", "anaconda"), False),
        ("/etc/conda/.condarc", "ssl_verify", (), True),
    ]


def test_the_script_that_asks_for_room_has_its_question_as_one_word():
    """The question is JavaScript, and its name is assigned once."""
    first, _, rest = probe.build_room_script().partition("\n")
    assert first.startswith("SCRIPT='")
    assert "osascript" in rest


def test_the_generation_that_was_activated_last_comes_first():
    """In the order of the lines, as paths below the home."""
    state = probe.parse([*HEAD, *PLACE, "shown\ttorch-b", "shown\ttorch-a", "end\tok"])
    root = "/Users/ann/.torchard/generations"
    assert state.last_activated == (f"{root}/torch-b", f"{root}/torch-a")


def test_what_a_stopped_run_left_and_what_people_made_are_read():
    """Each folder that is left, in hexadecimal if its name needs that; how much kept/ has."""
    odd = "pkgs/café"
    lines = ["leftover\t=installing", f"leftover\t{odd.encode().hex()}", "kept\t2\t3\t4000"]
    state = probe.parse([*HEAD, *PLACE, *lines, "end\tok"])
    assert state.leftovers == ("installing", odd)
    assert state.kept == KeptFolders("~/.torchard/kept", 2, 3, 4000)

"""What a Mac's tools know depends on its macOS.

Sources: Apple's file_cmds 321.40.3 and 457, shell_cmds 216.60.1 and 329, text_cmds 106 and 199.
"""

from __future__ import annotations

import pytest

from simlab import macs
from simlab.spec import MacSpec

VERSIONS = ("11.7", "12.7", "13.6", "15.1", "15.4", "26.1")


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """A Mac of each version."""
    spec = [MacSpec(f"v{one.replace('.', '-')}", "arm64", one) for one in VERSIONS]
    built = macs.build(tmp_path_factory.mktemp("versions"), spec)
    return {mac.macos: built[mac.name] for mac in spec}


@pytest.mark.parametrize(
    ("command", "first"),
    [
        ("mkdir -p d; ln -sfn d l; ln -sfn e m; mv -h m l; readlink l", "13.6"),
        ("touch f; rm -I f; ls f 2>/dev/null || echo e", "12.7"),
        ("mkdir -p d; ln -sfn d l; readlink -f l | sed 's/.*d$/e/'", "12.7"),
        ("date -I | sed 's/^....-..-..$/e/'", "13.6"),
        ("date +%N | grep -c '^[0-9]\\{9\\}$' | sed 's/1/e/'", "15.4"),
    ],
)
def test_an_option_came_with_a_macos(roots, command, first):
    """Older ones refuse it, or print something else."""
    known = [macos for macos in VERSIONS if macs.run(roots[macos], command).stdout == "e\n"]
    assert known == list(VERSIONS[VERSIONS.index(first) :])


def test_a_date_may_say_how_far_it_goes(roots):
    """As ISO 8601 has it."""
    done = macs.run(roots["13.6"], "date -u -r 0 -Iseconds; date -u -r 0 -I; date -Iweeks")
    assert done.stdout == "1970-01-01T00:00:00+00:00\n1970-01-01\n"
    assert done.returncode == 1
    assert "illegal option -- I" in macs.run(roots["12.7"], "date -Iseconds").stderr


def test_nanoseconds_are_the_letter_before_15_4(roots):
    """`date` prints what it does not know."""
    assert macs.run(roots["15.1"], "date -u -r 0 +%s%N").stdout == "0N\n"
    assert macs.run(roots["15.4"], "date -u -r 0 +%s%N").stdout == "0000000000\n"


def test_move_to_a_link_that_leads_to_a_directory_goes_inside(roots):
    """What makes a link lead elsewhere has to rename over it by other means (mv(1))."""
    script = "mkdir old new; ln -s old link; ln -s new aside; mv aside link; readlink link; ls old"
    assert macs.run(roots["12.7"], script).stdout == "old\naside\n"


def test_sed_reads_extended_expressions_by_both_names(roots):
    """The sed of macOS takes -r for compatibility with GNU sed (sed(1))."""
    for letter in "Er":
        assert macs.run(roots["11.7"], f"echo aab | sed -{letter} 's/(a+)b/\\1/'").stdout == "aa\n"


def test_an_age_is_counted_upwards(roots):
    """In minutes and in days: what is younger than a minute is one minute old (find(1))."""
    made = macs.run(roots["15.1"], "mkdir ages; cd ages; touch new; touch -t 202001010000 old")
    assert made.returncode == 0
    for asked, found in {
        "-mmin +1": "./old\n",
        "-mmin -1": "",
        "-mmin -2": "./new\n",
        "-mtime +1": "./old\n",
        "-noleaf": "./new\n./old\n",
    }.items():
        done = macs.run(roots["15.1"], f"cd ages; find . -type f {asked} | sort")
        assert (done.stdout, done.stderr) == (found, ""), asked


@pytest.mark.parametrize("options", ["-Pk", "-kP", "-k -m -P", "-k -P -g"])
def test_df_counts_upwards_and_in_kilobytes(roots, options):
    """-k wins, there are no columns of inodes under -P, and a part of a percent is one (df(1))."""
    root = roots["13.6"]
    before = macs.read(root)
    try:
        macs.change(root, fault={"disk_free": 494384795648 - (1 << 20)})
        head, line = macs.run(root, f"df {options} .").stdout.splitlines()
    finally:
        macs.write(root, before)
    assert " ".join(head.split()) == "Filesystem 1024-blocks Used Available Capacity Mounted on"
    assert line.split() == [
        "/dev/disk3s5", "482797652", "1024", "482796628", "1%", "/System/Volumes/Data",
    ]  # fmt: skip


@pytest.mark.parametrize("tool", ["mkdir", "rm", "df", "cp", "mv", "ls", "tail", "id"])
def test_a_long_option_is_a_usage_error(roots, tool):
    """EX_USAGE for those that write, and for df; 1 for others."""
    done = macs.run(roots["15.1"], f"{tool} --no-such-option x")
    assert done.returncode == (1 if tool in ("ls", "tail", "id") else 64)
    assert "illegal option -- -" in done.stderr

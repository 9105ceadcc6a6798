"""What a stock Mac answers, and what it does not know."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil

import pytest

from simlab import macs, stock
from torchard.mac import probe

KINDS = {
    "studio-01": ("arm64", "24.1.0", "15.1", "1", "0"),
    "studio-02": ("arm64", "23.6.0", "14.7", "1", "0"),
    "studio-03": ("arm64", "22.6.0", "13.6", "1", "0"),
    "library-01": ("x86_64", "21.6.0", "12.7", "", ""),
    "studio-04": ("x86_64", "24.1.0", "15.1", "1", "1"),
}


@pytest.fixture
def root(roots):
    """Return the root of an arm64 Mac on macOS 15.1 with an empty home."""
    root = roots["studio-01"]
    shutil.rmtree(root / "home")
    (root / "home").mkdir()
    before = macs.read(root)
    yield root
    macs.write(root, before)


@pytest.mark.parametrize("name", KINDS)
def test_mac_says_what_it_is(roots, name):
    """Kernel, machine, macOS and the sysctl keys are those of the Mac's kind."""
    machine, release, macos, arm64, translated = KINDS[name]
    done = macs.run(
        roots[name],
        "uname -sm; uname -r; uname -n; sw_vers -productVersion;"
        "SYSTEM_VERSION_COMPAT=1 sw_vers -productVersion;"
        'echo "$(sysctl -n hw.optional.arm64 2>/dev/null)";'
        'echo "$(sysctl -n sysctl.proc_translated 2>/dev/null)"',
    )
    assert done.stdout.splitlines() == [
        f"Darwin {machine}", release, name, macos, "10.16", arm64, translated,
    ]  # fmt: skip
    assert done.stderr == ""


@pytest.mark.parametrize("name", KINDS)
def test_probe_reads_the_mac(roots, name):
    """Torchard's probe finds the hardware's arch, Rosetta, macOS and home of every kind."""
    done = macs.run(roots[name], probe.build_script("~/miniconda3"))
    state = probe.parse(done.stdout.splitlines())
    assert done.stderr == ""
    assert state.arch == ("x86_64" if name == "library-01" else "arm64")
    assert state.translated == (name == "studio-04")
    assert state.macos == KINDS[name][2]
    assert state.home == str(roots[name] / "home")
    assert state.prefix_state == "absent"
    assert state.free > 0


def test_arch_runs_the_other_way(roots):
    """`arch -arm64` leaves Rosetta, `arch -x86_64` enters it, and Intel knows no arm64."""
    asked = "arch -{} sh -c 'uname -m; sysctl -n sysctl.proc_translated'"
    assert macs.run(roots["studio-04"], asked.format("arm64")).stdout == "arm64\n0\n"
    assert macs.run(roots["studio-01"], asked.format("x86_64")).stdout == "x86_64\n1\n"
    refused = macs.run(roots["library-01"], asked.format("arm64"))
    assert refused.returncode == 1
    assert "Bad CPU type in executable" in refused.stderr


def test_mac_is_found_without_environment(roots):
    """A shim finds its Mac by where it lies, even under `env -i`."""
    done = macs.run(roots["library-01"], 'env -i "$(command -v uname)" -m')
    assert done.stdout == "x86_64\n"


def test_a_virtual_mac_says_so_from_macos_11_on(roots):
    """An older one does not know the question: there is no answer, and status 1."""
    asked = "sysctl -n kern.hv_vmm_present 2>/dev/null; echo $?"
    root = roots["studio-01"]
    before = macs.read(root)
    try:
        assert macs.run(root, asked).stdout == "0\n0\n"
        macs.change(root, virtual=True)
        assert macs.run(root, asked).stdout == "1\n0\n"
        macs.change(root, macos="10.15")
        assert macs.run(root, asked).stdout == "1\n"
    finally:
        macs.write(root, before)


def test_mac_can_change(root):
    """What mac.json says holds from the next call on."""
    macs.change(root, macos="12.2", arch="x86_64")
    assert macs.run(root, "sw_vers -productVersion; uname -m").stdout == "12.2\nx86_64\n"


def bad_option(tool, letter="-"):
    """Return what a BSD tool says of an option that it does not know."""
    return f"{tool}: illegal option -- {letter}\n"


# What only GNU knows, by the status of a Mac's tool: 1, its awk's and grep's 2, or EX_USAGE.
REFUSED = {
    1: {
        "sed -z p f": bad_option("sed", "z"),
        "sed --expression=p f": bad_option("sed"),
        "stat -c %s f": bad_option("stat", "c"),
        "stat --format=%s f": bad_option("stat"),
        "readlink -m f": bad_option("readlink", "m"),
        "readlink -e f": bad_option("readlink", "e"),
        "readlink --canonicalize f": bad_option("readlink"),
        "find . -printf %p": "find: -printf: unknown primary or operator\n",
        "find . -type f -executable": "find: -executable: unknown primary or operator\n",
        "find -name f": bad_option("find", "n"),
        "find": "usage: find ",
        "xargs -r echo": bad_option("xargs", "r"),
        "xargs -d , echo": bad_option("xargs", "d"),
        "xargs --null echo": bad_option("xargs"),
        "date -d tomorrow": bad_option("date", "d"),
        "date --iso-8601": bad_option("date"),
        "date 010100002000": "date: settimeofday (timezone): Operation not permitted\n",
        "head -n -1 f": "head: illegal line count -- -1\n",
        "head --lines=1 f": bad_option("head"),
        "tail --lines=1 f": bad_option("tail"),
        "ln -r -s f g": bad_option("ln", "r"),
        "ln -T -s f g": bad_option("ln", "T"),
        "mktemp --directory": bad_option("mktemp"),
        "mktemp -p . x.XXX": bad_option("mktemp", "p"),
        "mktemp x.XXXX.sh": "mktemp: mkstemp failed on x.XXXX.sh",
        "cut --complement -c 1 f": bad_option("cut"),
        "touch --reference=f g": bad_option("touch"),
        "cat -A f": bad_option("cat", "A"),
        "chmod --reference=f f": bad_option("chmod"),
        "chmod -c 600 f": bad_option("chmod", "c"),
        "chown --from=root me f": bad_option("chown"),
        "od --address-radix=n f": bad_option("od"),
        "ls --color": bad_option("ls"),
        "env --unset=A true": bad_option("env"),
        "env -C / true": bad_option("env", "C"),
        "tee --append f": bad_option("tee"),
        "tr --delete a": bad_option("tr"),
        "wc --lines f": bad_option("wc"),
        "id --user": bad_option("id"),
        "basename --suffix=x f": bad_option("basename"),
        "md5 --quiet f": bad_option("md5"),
        "uname -i": bad_option("uname", "i"),
        "ps --no-headers": bad_option("ps"),
        "dd if=f of=g oflag=sync": "dd: unknown operand oflag\n",
        "tar --transform=s/a/b/ -cf x.tar f": "tar: Option --transform is not supported\n",
    },
    2: {
        "grep -P a f": bad_option("grep", "P"),
        "grep --perl-regexp a f": bad_option("grep"),
        "awk --re-interval 1 f": bad_option("awk"),
    },
    64: {
        "cp --reflink=auto f g": bad_option("cp"),
        "cp -t . f": bad_option("cp", "t"),
        "cp -T f g": bad_option("cp", "T"),
        "cp -u f g": bad_option("cp", "u"),
        "mv -T f g": bad_option("mv", "T"),
        "mv --no-clobber f g": bad_option("mv"),
        "rm --one-file-system f": bad_option("rm"),
        "mkdir --parents d/e": bad_option("mkdir"),
        "du -b f": bad_option("du", "b"),
        "du --max-depth=1 .": bad_option("du"),
        "df --output=avail .": bad_option("df"),
        "df -B1 .": bad_option("df", "B"),
    },
}


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [(command, status, said) for status, all_ in REFUSED.items() for command, said in all_.items()],
)
def test_gnu_option_is_refused(root, command, status, said):
    """What only GNU knows ends as it does on a Mac, and leaves the file as it was."""
    (root / "home" / "f").write_text("a\n", encoding="utf-8")
    done = macs.run(root, command)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(said)
    assert (root / "home" / "f").read_text(encoding="utf-8") == "a\n"
    assert [path.name for path in (root / "home").iterdir()] == ["f"]


@pytest.mark.parametrize("command", ["sed -i 's/a/b/' f", "sed -i -e 's/a/b/' f", "sed -i"])
def test_in_place_sed_wants_its_suffix(root, command):
    """`sed -i` takes the next word for its suffix, and a script in its place is refused."""
    (root / "home" / "f").write_text("a\n", encoding="utf-8")
    done = macs.run(root, command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "-i took" in done.stderr or "option requires an argument -- i" in done.stderr
    assert (root / "home" / "f").read_text(encoding="utf-8") == "a\n"


@pytest.mark.parametrize("command", ["ls f -l", "rm f -f", "cp f g -R", "chmod 600 f -R"])
def test_options_end_at_the_first_operand(root, command):
    """An option behind an operand is a file name, which is not there."""
    (root / "home" / "f").write_text("a\n", encoding="utf-8")
    done = macs.run(root, command)
    assert done.returncode != 0
    assert f"{command[-2:]}" in done.stderr


@pytest.mark.parametrize(
    "command",
    ["df -T .", "touch -d yesterday f", "stat -f %Sm .", "stat -f %HT .", "stat .", "du -g ."],
)
def test_what_is_not_simulated_says_so(root, command):
    """What a Mac knows and the simulation does not is an error of simlab's own, never a guess."""
    done = macs.run(root, command)
    assert (done.returncode, done.stdout) == (70, "")
    assert "simlab does not simulate" in done.stderr


@pytest.mark.parametrize(
    "tool",
    [
        "wget", "sha256sum", "sha1sum", "md5sum", "timeout", "setsid", "flock", "realpath",
        "nproc", "tac", "conda", "brew", "gsed", "gdate", "jq", "shuf", "numfmt", "truncate",
        "lsb_release", "systemctl", "apt-get", "python", "pip", "uv", "stdbuf", "free",
    ],
)  # fmt: skip
def test_stock_mac_lacks(root, tool):
    """What no stock Mac has is not found, neither by a shell nor by `command -v`."""
    assert macs.run(root, tool).returncode == 127
    assert macs.run(root, f"command -v {tool}").stdout == ""


@pytest.mark.parametrize("tool", stock.DEVELOPER)
def test_developer_tools_are_stubs(root, tool):
    """Without the Command Line Tools there is no Python, no git, no compiler."""
    done = macs.run(root, f"{tool} --version")
    assert done.returncode == 1
    assert done.stderr.startswith("xcode-select: note: No developer tools were found")


def test_pyinfra_file_fact(root):
    """BSD stat answers pyinfra's own format, and GNU's fails before it."""
    (root / "home" / "f").write_text("abc", encoding="utf-8")
    (root / "home" / "f").chmod(0o640)
    (root / "home" / "l").symlink_to("f")
    when = int((root / "home" / "f").stat().st_mtime)
    form = "user=%Su group=%Sg mode=%Sp atime=%a mtime=%m ctime=%c size=%z %N%SY"
    # On a macOS host the umask shows in a link's own mode.
    link = "lrwxr-xr-x" if platform.system() == "Darwin" else "lrwxrwxrwx"
    for path, mode, size, end in (("f", "-rw-r-----", 3, "f"), ("l", link, 1, "l -> f")):
        done = macs.run(root, f"stat -c '%U' {path} 2> /dev/null || stat -f '{form}' {path}")
        words = done.stdout.rstrip("\n")
        assert words.startswith(f"user={macs.user()} group=")
        assert f" mode={mode} " in words
        assert words.endswith(f" size={size} {end}")
    assert macs.run(root, "stat -f '%Lp %m' f").stdout == f"640 {when}\n"


def test_stat_tells_several_files(root):
    """Each file is a line; an absent one is an error beside the others."""
    (root / "home" / "f").write_text("abc", encoding="utf-8")
    done = macs.run(root, "stat -f %z f nothing f")
    assert (done.returncode, done.stdout) == (1, "3\n3\n")
    assert "nothing" in done.stderr


def test_shasum_checks(root):
    """`shasum -a 256` prints, checks and refuses as on a Mac."""
    (root / "home" / "f").write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert macs.run(root, "shasum -a 256 f").stdout == f"{digest}  f\n"
    assert macs.run(root, "shasum -a 256 <f").stdout == f"{digest}  -\n"
    (root / "home" / "good").write_text(f"{digest}  f\n", encoding="utf-8")
    (root / "home" / "bad").write_text(f"{digest[::-1]}  f\n", encoding="utf-8")
    good = macs.run(root, "shasum -a 256 -c good")
    bad = macs.run(root, "shasum -a 256 -c bad")
    assert (good.returncode, good.stdout) == (0, "f: OK\n")
    assert (bad.returncode, bad.stdout) == (1, "f: FAILED\n")
    piped = macs.run(root, "shasum -a 256 -c -s", stdin=f"{digest}  f\n".encode())
    assert (piped.returncode, piped.stdout) == (0, "")
    assert macs.run(root, "shasum f").stdout.split()[0] == hashlib.sha1(b"abc").hexdigest()  # noqa: S324


def test_md5_prints_as_bsd(root):
    """`md5` names the file before the digest, `-q` gives only that."""
    (root / "home" / "f").write_bytes(b"abc")
    digest = hashlib.md5(b"abc").hexdigest()  # noqa: S324
    asked = "md5 f; md5 -q f; md5 <f"
    assert macs.run(root, asked).stdout == f"MD5 (f) = {digest}\n{digest}\n{digest}\n"


def test_sed_edits_in_place_as_bsd(root):
    """The suffix of `sed -i` is the next word, empty or not, or follows the option directly."""
    file = root / "home" / "f"
    file.write_text("a\n", encoding="utf-8")
    assert macs.run(root, "sed -i '' -e 's/a/b/' f").returncode == 0
    assert file.read_text(encoding="utf-8") == "b\n"
    assert macs.run(root, "sed -i.old 's/b/c/' f && sed -n -i .older -E 's/(c)/d/p' f").stderr == ""
    assert file.read_text(encoding="utf-8") == "d\n"
    assert sorted(path.name for path in file.parent.iterdir()) == ["f", "f.old", "f.older"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("printf 'a b\\n' | xargs -n 1 echo", "a\nb\n"),
        ("xargs echo hi </dev/null", ""),
        ("printf 'a\\nb\\n' | wc -l", "       2\n"),
        ("date -u -r 0 +%Y-%m-%d", "1970-01-01\n"),
        ("printf abc | dd bs=1m 2>/dev/null", "abc"),
        ("caffeinate -i echo awake", "awake\n"),
        ("find . -type f", ""),
        ("mkdir d e && touch d/x && cp -R d/ e && ls e", "x\n"),
        ("echo x >f && ln -s f l && readlink -f l && cd / && readlink -n -f bin >/dev/null", None),
        ("mkdir d && ln -s d l && ln -s e m && mv -h m l && readlink l", "e\n"),
        ("mkdir d && touch ./-x && rm -- -x && ls", "d\n"),
        ("hostname -s; scutil --get LocalHostName", "studio-01\nstudio-01\n"),
        ("echo ~; echo $HOME | wc -l", None),
        ("df -Pk . | awk 'NR == 2 { print ($4 > 0) }'", "1\n"),
        ("head -2 /dev/null; head -c 1 /dev/zero | tr '\\0' z", "z"),
        ("printf abc >f && stat -f %z f && stat -f '%Sp %Lp' .", "3\ndrwxr-xr-x 755\n"),
        ("df . | awk 'NR == 1 { print $2 } END { print NF }'", "512-blocks\n9\n"),
        ("touch -t 200001020304.05 f && TZ=UTC date -r f +%d/%H", "02/03\n"),
        ("date +%s%N | grep -c 'N$'", "1\n"),
        ("mkdir d && chmod -x d && chmod u+x d && chmod -R go-w d && chmod 755 d", ""),
        ("printf 'a\\n' | od -An -v -tx1 | tr -d ' \\n'", "610a"),
        (
            "uname -m; arch; arch -x86_64 uname -m; arch -arm64 uname -m",
            "arm64\narm64\nx86_64\narm64\n",
        ),
        (
            "sysctl -n hw.optional.arm64 sysctl.proc_translated; sysctl hw.memsize",
            "1\n0\nhw.memsize: 17179869184\n",
        ),
        ("caffeinate -i sh -c 'exit 3' || echo $?", "3\n"),
        ("printf 'x\\0y\\0' | xargs -0 -n 1 echo", "x\ny\n"),
        (
            "cat -- /dev/null; rm -rf none; ls -1A; id -un >/dev/null; ps -o pid= -p $$ | wc -l",
            "       1\n",
        ),
        ("sw_vers --productName; SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion", "macOS\n15.1\n"),
        ("xattr -d com.apple.quarantine none 2>/dev/null || echo none", "none\n"),
    ],
)
def test_portable_use_works(root, command, said):
    """What BSD and GNU share, and BSD's own ways, work as on a Mac."""
    done = macs.run(root, command)
    assert (done.returncode, done.stderr) == (0, "")
    if said is not None:
        assert done.stdout == said


def test_temporary_files_lie_in_tmpdir(root):
    """`mktemp` without a template makes a file in the Mac's own TMPDIR."""
    for command in ("mktemp", "mktemp -d", "mktemp -t prefix"):
        path = macs.run(root, command).stdout.strip()
        assert os.path.realpath(path).startswith(os.path.realpath(root / "tmp"))


def test_readlink_f_came_with_macos_12_3(root):
    """`readlink -f` is unknown to older Macs."""
    macs.change(root, macos="12.2")
    assert macs.run(root, "readlink -f .").returncode == 1
    macs.change(root, macos="12.3")
    assert macs.run(root, "readlink -f .").stdout.strip() == os.path.realpath(root / "home")


def test_disk_can_be_full(root):
    """`df` says as many bytes free as the fault does, in the unit that was asked for."""
    macs.change(root, fault={"disk_free": 3 << 20})
    free = "df {} . | awk 'NR == 2 {{ print $4 }}'"
    assert macs.run(root, free.format("-Pk")).stdout == "3072\n"
    assert macs.run(root, free.format("-m")).stdout == "3\n"
    assert macs.run(root, free.format("")).stdout == "6144\n"


def test_environment_is_bare(root):
    """A command gets the Mac's own PATH and home and nothing of the host's environment."""
    names = macs.run(root, "env").stdout.splitlines()
    kept = {line.partition("=")[0] for line in names} - {"PWD", "OLDPWD", "SHLVL", "_"}
    assert kept == {"HOME", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TORCHARD_ROOT", "USER"}
    assert f"PATH={root}/bin:{root}/usr/sbin:{root}/sbin" in names

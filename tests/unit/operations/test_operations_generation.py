"""The last steps of a generation: shown in one rename, and only what nobody needs is removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from simlab import macs
from simlab.spec import MacSpec
from torchard.operations import commands

HOUR_AGO = 3700  # seconds


class Root:
    """A Torchard directory on a Mac, and the environments beside it."""

    def __init__(self, path):
        self.root = path / ".torchard"
        self.tools = macs.build(path, [MacSpec("mac-1", "arm64", "15.1")])["mac-1"]
        self.stamps = 0  # how many were made: the order of their stamps
        self.envs = path / "miniconda3" / "envs"
        self.program = path / "generation.py"
        self.program.write_text(commands.script("generation.py"), encoding="utf-8")
        for part in (self.envs, self.root / "depot" / "incoming", self.root / "kits"):
            part.mkdir(parents=True)
        (self.root / "generations").mkdir()

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", self.program, *map(str, arguments)],
            env=macs.environment(self.tools),
            capture_output=True,
            text=True,
            check=False,
        )

    def generation(self, name: str, environment: str, date: object, *artefacts: str):
        """Make a generation with a stamp younger than those before it, and its kit."""
        path = self.root / "generations" / name
        path.mkdir()
        stamp = {"environment": environment, "date": date}
        (path / ".torchard.json").write_text(json.dumps(stamp), encoding="utf-8")
        self.stamps += 1
        os.utime(path / ".torchard.json", (self.stamps, self.stamps))
        self.kit(name, *artefacts)
        return path

    def kit(self, name: str, *artefacts: str) -> None:
        kit = self.root / "kits" / name
        kit.mkdir()
        lines = "".join(f"{one} conda/noarch/{one}-1-0.conda\n" for one in artefacts)
        (kit / "artefacts").write_text(lines, encoding="utf-8")

    def tool(self, name: str, script: str) -> None:
        """Put another tool into the Mac's PATH."""
        path = self.tools / "bin" / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def show(self, path) -> None:
        done = self.run("show", path, self.envs / "torch")
        assert (done.returncode, done.stderr) == (0, "")

    def file(self, path: str) -> None:
        whole = self.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text("", encoding="utf-8")

    def grow_old(self) -> None:
        """Let everything have been written more than an hour ago."""
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118  # os.walk gives text
                then = os.lstat(path).st_mtime - HOUR_AGO
                os.utime(path, (then, then))

    def sweep(self, shown) -> None:
        done = self.run("sweep", self.root, self.envs / "torch", shown)
        assert (done.returncode, done.stderr) == (0, "")

    def remove(self, name: str, path: object) -> subprocess.CompletedProcess[str]:
        return self.run("remove", self.root, self.envs / name, path)

    def there(self, part: str) -> set[str]:
        return {path.name for path in (self.root / part).iterdir()}


@pytest.fixture
def mac(tmp_path):
    """A Torchard directory with nothing in it."""
    return Root(tmp_path)


def test_a_reader_never_finds_the_link_missing(mac):
    """While the link goes to and fro, whoever reads through it finds one of the two."""
    paths = [mac.generation(f"torch-{n}", "torch", "2026") for n in (1, 2)]
    link = mac.envs / "torch"
    assert mac.run("show", paths[0], link).returncode == 0
    bad: list[OSError] = []
    stop = threading.Event()

    def read():
        while not stop.is_set():
            try:
                (link / ".torchard.json").stat()
            except OSError as error:
                bad.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    code = (
        "import runpy, sys; g = runpy.run_path(sys.argv[1])\n"
        "for _ in range(250):\n    for p in sys.argv[3:]: g['show'](p, sys.argv[2])"
    )
    done = subprocess.run([sys.executable, "-c", code, mac.program, link, *paths], check=False)
    stop.set()
    reader.join()
    assert done.returncode == 0
    assert bad == []
    assert link.readlink() == paths[1]
    assert {path.name for path in mac.envs.iterdir()} == {"torch"}


def test_what_a_killed_show_left_is_used_up(mac):
    """A temporary link of a killed run stands in nobody's way, and does not stay."""
    path = mac.generation("torch-1", "torch", "2026")
    (mac.envs / ".torch.torchard-partial").symlink_to("/nowhere")
    assert mac.run("show", path, mac.envs / "torch").returncode == 0
    assert {one.name for one in mac.envs.iterdir()} == {"torch"}
    assert (mac.envs / "torch").readlink() == path


def test_a_real_directory_is_never_replaced(mac):
    """What became a directory since the build began is left alone, with a sentence."""
    path = mac.generation("torch-1", "torch", "2026")
    (mac.envs / "torch" / "mine").mkdir(parents=True)
    done = mac.run("show", path, mac.envs / "torch")
    assert done.returncode == 1
    assert done.stderr == f"{mac.envs / 'torch'} is a real directory; it was left alone\n"
    assert (mac.envs / "torch" / "mine").is_dir()


def test_the_shown_generation_and_the_one_before_are_kept(mac):
    """Older ones of the same environment go; others', linked, unstamped and set aside ones stay."""
    mac.generation("torch-undated", "torch", None)
    for number in range(1, 5):
        mac.generation(f"torch-{number}", "torch", f"2026-01-0{number}")
    linked = mac.generation("torch-linked", "torch", "2025")
    (mac.envs / "for-a-friend").symlink_to(linked)
    mac.generation("other-1", "other", "2024")
    (mac.root / "generations" / "by-hand").mkdir()
    (mac.root / "generations" / "not-json").mkdir()
    (mac.root / "generations" / "not-json" / ".torchard.json").write_text("[", encoding="utf-8")
    mac.sweep(mac.root / "generations" / "torch-4")
    kept = {"torch-4", "torch-3", "torch-linked", "other-1", "by-hand", "not-json"}
    assert mac.there("generations") == kept


def whole(path, proof: object = None):
    """Let a generation look whole and proved, as far as a rollback looks."""
    stamp = path / ".torchard.json"
    at = stamp.stat().st_mtime
    content = json.loads(stamp.read_text(encoding="utf-8"))
    content["proof"] = {"python": "3.12.13"} if proof is None else proof
    stamp.write_text(json.dumps(content), encoding="utf-8")
    os.utime(stamp, (at, at))
    (path / "conda-meta").mkdir()
    (path / "conda-meta/history").write_text("", encoding="utf-8")
    return path


def test_what_was_left_last_is_kept_and_not_what_was_newer(mac):
    """After a rollback, the next that is shown takes leave of the older one: it is what stays."""
    first, second = (whole(mac.generation(f"torch-{n}", "torch", "2026")) for n in (1, 2))
    mac.show(first)
    mac.show(second)
    before = [path.stat().st_mtime_ns for path in sorted(mac.root.rglob(".torchard.json"))]
    assert mac.run("back", first, mac.envs / "torch").returncode == 0
    assert (mac.envs / "torch").readlink() == first
    after = [path.stat().st_mtime_ns for path in sorted(mac.root.rglob(".torchard.json"))]
    assert after == before
    third = mac.generation("torch-3", "torch", "2026")
    mac.show(third)
    mac.sweep(third)
    assert mac.there("generations") == {"torch-1", "torch-3"}


@pytest.mark.parametrize("spoilt", ["history", "proof", "stamp"])
def test_what_is_not_whole_any_more_is_not_gone_back_to(mac, spoilt):
    """Judged on the Mac, just before the rename; what is shown stays."""
    first, second = (whole(mac.generation(f"torch-{n}", "torch", "2026")) for n in (1, 2))
    mac.show(second)
    if spoilt == "history":
        (first / "conda-meta/history").unlink()
    elif spoilt == "stamp":
        (first / ".torchard.json").unlink()
    else:
        (first / ".torchard.json").write_text('{"proof": null}', encoding="utf-8")
    done = mac.run("back", first, mac.envs / "torch")
    assert (done.returncode, done.stderr) == (
        1,
        f"{first} is not whole any more; it was not shown\n",
    )
    assert (mac.envs / "torch").readlink() == second


def four(mac):
    """Make four generations and return the newest, which is shown."""
    paths = [mac.generation(f"torch-{n}", "torch", "2026") for n in range(1, 5)]
    mac.show(paths[-1])
    return paths[-1]


@pytest.mark.parametrize("use", ["a file", "a directory"])
def test_a_generation_in_use_is_kept_until_it_is_not(mac, use):
    """Whoever has a file open in it, or stands in it, is not disturbed; the others go."""
    shown = four(mac)
    used = mac.root / "generations/torch-1"
    (used / "lib").mkdir()
    (used / "lib/x.py").write_text("", encoding="utf-8")
    open_it = f"exec 5<'{used}/lib/x.py'" if use == "a file" else f"cd '{used}/lib'"
    holder = subprocess.Popen(
        ["/bin/sh", "-c", f"{open_it}; echo; read -r line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"\n"
    mac.sweep(shown)
    assert mac.there("generations") == {"torch-1", "torch-3", "torch-4"}
    holder.communicate(b"\n")
    mac.sweep(shown)
    assert mac.there("generations") == {"torch-3", "torch-4"}


@pytest.mark.parametrize(
    ("tool", "script"),
    [
        ("lsof", "exit 1"),
        ("lsof", "printf 'p1\\nn/\\n'"),
        ("lsof", None),
        ("ps", "exit 1"),
    ],
    ids=["fails", "without-us", "missing", "no-ps"],
)
def test_where_it_cannot_be_known_what_is_open_everything_is_kept(mac, tool, script):
    """A listing that fails, or that does not even have the process that asks, is no answer."""
    shown = four(mac)
    if script is None:
        (mac.tools / "bin" / tool).unlink()
    else:
        mac.tool(tool, script)
    mac.sweep(shown)
    assert mac.there("generations") == {f"torch-{n}" for n in range(1, 5)}


@pytest.mark.parametrize("place", ["{envs}/torch/bin/python", "{generations}/torch-1/bin/jupyter"])
def test_what_another_account_runs_is_taken_for_in_use(mac, place):
    """Lsof tells nothing of it; what it was started by is all that can be known."""
    shown = four(mac)
    place = place.format(envs=mac.envs, generations=mac.root / "generations")
    mac.tool("ps", f"printf '  0 /sbin/launchd\\n  4294967 {place} x.py\\n'")
    mac.sweep(shown)
    kept = {"torch-1", "torch-3", "torch-4"} | ({"torch-2"} if "/torch/" in place else set())
    assert mac.there("generations") == kept


def test_what_was_half_removed_is_no_generation_any_more(mac):
    """A removal begins with a rename: what a killed one left is never shown again, and goes."""
    shown = four(mac)
    half = mac.root / "generations/.removing-torch-0"
    half.mkdir()
    (half / ".torchard.json").write_text('{"environment": "torch"}', encoding="utf-8")
    mac.sweep(shown)
    assert mac.there("generations") == {"torch-3", "torch-4"}


def test_going_back_keeps_the_newer_one(mac):
    """Where an older generation is shown again, the newest of the others is the one before."""
    for number in range(1, 4):
        mac.generation(f"torch-{number}", "torch", f"2026-01-0{number}")
    mac.sweep(mac.root / "generations" / "torch-1")
    assert mac.there("generations") == {"torch-1", "torch-3"}


def test_artefacts_of_kept_generations_and_young_ones_stay(mac):
    """The depot keeps what a kept generation is built from, and what another run just pushed."""
    shown = mac.generation("torch-2", "torch", "2026-02", "a", "b")
    mac.generation("other-1", "other", "2026-01", "c")
    mac.kit("gone-1", "d")
    for name in ("a", "b", "c", "d", "e", "incoming/f", "incoming/a"):
        mac.file(f"depot/{name}")
    (mac.root / "depot" / "folder").mkdir()
    mac.grow_old()
    mac.file("depot/young")
    mac.file("depot/incoming/young")
    mac.kit("young-1", "g")
    mac.sweep(shown)
    assert mac.there("depot") == {"a", "b", "c", "folder", "incoming", "young"}
    assert mac.there("depot/incoming") == {"young"}
    assert mac.there("kits") == {"torch-2", "other-1", "young-1"}


def records(mac, *names: str, frozen: str = "", **more: object):
    """Make an environment of some conda packages, and a kit of one; return its path."""
    path = mac.root / "generations" / "torch-1"
    meta = path / "conda-meta"
    meta.mkdir(parents=True)
    for name in names:
        record = {"name": name, "version": "1", "url": "file:///kit", **more}
        (meta / f"{name}-1-0.json").write_text(json.dumps(record), encoding="utf-8")
    (meta / "history").write_text("# update specs: ['a==1=0']\n", encoding="utf-8")
    kit = mac.root / "kits" / "torch-1"
    kit.mkdir()
    package = {"version": "1", "url": "https://x/a", "channel": "https://x", "sha256": "0"}
    content = {"packages": {"a": {**package, "size": 5}}, "specs": ["a"], "stamp": {"lock": "l"}}
    content.update({"frozen": frozen} if frozen else {})
    (kit / "kit.json").write_text(json.dumps(content), encoding="utf-8")
    (kit / "condarc").write_text("channels: [a]\n", encoding="utf-8")
    (kit / "stay.py").write_text(commands.script("stay.py"), encoding="utf-8")
    (path / "lib/python3.12/site-packages").mkdir(parents=True)
    (path / "lib/python3.1").symlink_to("python3.12")
    return kit, path


def test_records_name_where_packages_really_came_from(mac):
    """The real address replaces the depot's, and the lab's specs and channels are what holds."""
    kit, path = records(mac, "a", requested_spec="file:///kit::a", depends=["b"])
    assert mac.run("records", kit, path).returncode == 0
    record = json.loads((path / "conda-meta" / "a-1-0.json").read_text(encoding="utf-8"))
    assert record == {
        "name": "a",
        "version": "1",
        "url": "https://x/a",
        "channel": "https://x",
        "sha256": "0",
        "size": 5,
        "depends": ["b"],
    }
    history = (path / "conda-meta" / "history").read_text(encoding="utf-8").splitlines()
    assert history[-2:] == ['# remove specs: ["a"]', '# update specs: ["a"]']
    assert (path / ".condarc").read_text(encoding="utf-8") == "channels: [a]\n"


def test_a_python_imports_from_where_it_lies_and_not_from_where_its_link_leads(mac, tmp_path):
    """CPython keeps the link's name in sys.path; what is told to it at its start resolves that."""
    kit, path = records(mac, "a")
    assert mac.run("records", kit, path).returncode == 0
    packages = path / "lib/python3.12/site-packages"
    assert (packages / "_torchard_stay.pth").read_text(
        encoding="utf-8"
    ) == "import _torchard_stay\n"
    link = tmp_path / "link"
    link.symlink_to(sys.base_prefix)
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    told = "import json; print(json.dumps([sys.path, sys.modules['encodings'].__path__]))"
    program = "import sys; sys.path.append('/tmp/..'); exec(open(sys.argv[1]).read());" + told
    found = []
    for script in (packages / "_torchard_stay.py", "/dev/null"):
        command = [link / "bin" / name, "-I", "-c", program, script]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        paths, encodings = json.loads(done.stdout)
        assert paths.pop() == "/tmp/.."  # noqa: S108  # what is not the link's own is left alone
        found.append({one for one in (*paths, *encodings) if one.startswith(f"{link}/")})
    assert found[0] == set()
    assert len(found[1]) > 2


def test_a_frozen_environment_says_whose_it_is(mac):
    """Conda reads a mark with a message, where the lab asks for one, and finds none elsewhere."""
    kit, path = records(mac, "a", frozen="Ask the lab.")
    assert mac.run("records", kit, path).returncode == 0
    mark = path / "conda-meta/frozen"
    assert json.loads(mark.read_text(encoding="utf-8")) == {"message": "Ask the lab."}
    mark.unlink()
    (kit / "kit.json").write_text(
        (kit / "kit.json").read_text(encoding="utf-8").replace("frozen", "other"), encoding="utf-8"
    )
    assert mac.run("records", kit, path).returncode == 0
    assert not mark.exists()


@pytest.mark.parametrize(
    ("installed", "sentence"),
    [(("a", "b"), "conda-meta/b-1-0.json is not in the lock"), ((), "conda did not install a")],
)
def test_an_environment_that_is_not_the_locks_is_said(mac, installed, sentence):
    """A package too many or too few ends the build."""
    kit, path = records(mac, *installed)
    done = mac.run("records", kit, path)
    assert done.returncode == 1
    assert done.stderr == f"{sentence}\n"


def test_the_stamp_holds_the_proof(mac):
    """What was proved is written whole, with a date, into the generation."""
    kit, path = records(mac, "a")
    (kit / "proof-result.json").write_text('{"python": "3.12.13"}', encoding="utf-8")
    assert mac.run("stamp", kit, path).returncode == 0
    stamp = json.loads((path / ".torchard.json").read_text(encoding="utf-8"))
    assert stamp.pop("date")
    assert stamp == {"lock": "l", "proof": {"python": "3.12.13"}}
    assert [one.name for one in path.iterdir() if "partial" in one.name] == []


def test_an_environment_is_removed_with_its_generations_and_what_only_they_need(mac):
    """Others stay, whatever they are called, and so does what only looks like one."""
    shown = mac.generation("old-1", "old", "x", "a")
    mac.generation("old-2", "old", "x", "b")
    other = mac.generation("old-env-1", "old-env", "x", "c")
    (mac.envs / "old").symlink_to(shown)
    (mac.envs / "old-env").symlink_to(other)
    for one in "abc":
        mac.file(f"depot/{one}")
    (mac.root / "generations" / "mine").symlink_to(other)
    mac.grow_old()
    done = mac.remove("old", shown)
    assert (done.returncode, done.stderr) == (0, "")
    assert mac.there("generations") == {"old-env-1", "mine"}
    assert mac.there("depot") == {"c", "incoming"}
    assert {path.name for path in mac.envs.iterdir()} == {"old-env"}


@pytest.mark.parametrize("kind", ["a directory", "a file", "a link elsewhere"])
def test_what_stands_in_place_of_the_link_is_left_alone(mac, kind):
    """Somebody put it there since; our generations go all the same, for nothing shows them."""
    path, place = mac.generation("old-1", "old", "x"), mac.envs / "old"
    if kind == "a directory":
        (place / "mine").mkdir(parents=True)
    elif kind == "a file":
        place.write_text("mine", encoding="utf-8")
    else:
        place.symlink_to("/opt/mine")
    before = os.lstat(place)
    assert mac.remove("old", path).returncode == 0
    assert os.lstat(place) == before
    assert mac.there("generations") == set()


def test_a_link_that_leads_to_another_generation_by_now_is_left_alone(mac):
    """And so is everything else: it is not as it was planned."""
    planned, now = mac.generation("old-1", "old", "x"), mac.generation("old-2", "old", "x")
    (mac.envs / "old").symlink_to(now)
    done = mac.remove("old", planned)
    assert done.returncode == 1
    assert done.stderr == f"{mac.envs / 'old'} leads to {now} by now; it was left alone\n"
    assert mac.there("generations") == {"old-1", "old-2"}


def test_a_generation_that_somebodys_link_shows_stays(mac):
    """Only the link of its own name goes."""
    path = mac.generation("old-1", "old", "x")
    for name in ("old", "mine"):
        (mac.envs / name).symlink_to(path)
    assert mac.remove("old", path).returncode == 0
    assert {path.name for path in mac.envs.iterdir()} == {"mine"}
    assert mac.there("generations") == {"old-1"}


def test_what_a_stop_left_of_a_removal_is_removed_by_the_next(mac):
    """Also without Miniconda's folder of environments, and by the sweep of another one."""
    (mac.root / "generations/.discarded-old-1/lib").mkdir(parents=True)
    path = mac.generation("old-1", "old", "x")
    mac.envs.rmdir()
    assert mac.remove("old", path).returncode == 0
    assert mac.there("generations") == set()
    (mac.root / "generations/.discarded-old-2").mkdir()
    mac.envs.mkdir()
    mac.sweep(mac.generation("torch-1", "torch", "x"))
    assert mac.there("generations") == {"torch-1"}

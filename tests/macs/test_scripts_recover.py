"""What a stopped run left is finished, set aside or removed by the next, whatever the lab says."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from dataclasses import replace

import on_a_mac
import pytest
from on_a_mac import CONTROLLER, Installer, install_script

from simlab import macs
from torchard.mac import probe
from torchard.operations import change_scripts
from torchard.operations.script_text import read_script
from torchard.plan.remove import find_removal
from torchard.plan.steps import Step, leftover_step, miniconda_step

# An installer that leaves a whole prefix by every sign, with a conda and a python of a test's own.
WHOLE = """\
mkdir -p "$3/bin" "$3/conda-meta" && : >"$3/of-{name}"
printf '%s\\n' '#!/bin/sh' '{conda}' >"$3/bin/conda"
cat >"$3/bin/python" <<'END'
#!/bin/sh
case "$*" in *' drop '*) exec {python} "$@" ;; esac
echo arm64
END
chmod +x "$3/bin/conda" "$3/bin/python"
echo '# update specs: []' >"$3/conda-meta/history"
"""
# Ends the script that holds the run lock, as a power cut would.
KILL = 'kill -KILL "$(sed 1q "{lock}/running")"'
HALF = 'mkdir -p "$3/bin"; : >"$3/bin/conda"; : >"$3/_conda"; {kill}'
# A python that ends the script that started it, and itself, before one of a program's changes.
STOPPED = """\
#!{python}
import os, sys
seen = 0

def hook(event, args):
    global seen
    if event in ("os.rename", "os.remove", "os.rmdir"):
        seen += 1
        if seen == {at}:
            os.kill(int(open("{lock}/running").readline()), {signal})
            os.kill(os.getpid(), {signal})

sys.addaudithook(hook)
program = sys.argv[sys.argv.index("-c") + 1]
sys.argv = sys.argv[sys.argv.index("-c") + 1 :]
exec(program)
"""


def install(mac, text: str, prefix: str = ""):
    """Run an installer of a test's own making, as a lab names it; return what came of it."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    installer = Installer("miniconda", "26.5.3-1", "Own.sh", "", sha256)
    mac.push(sha256, text.encode())
    if not prefix:
        return mac.run(install_script(mac, installer))
    state = replace(mac.state, prefix=prefix, prefix_state="absent", prefix_ours=None)
    return mac.run(change_scripts.install_miniconda(state, installer, CONTROLLER, "2026"))


def whole(name: str) -> str:
    return WHOLE.format(name=name, python=sys.executable, conda="exit 0")


def whole_and_killed(mac, name: str) -> str:
    kill = KILL.format(lock=mac.lock)
    return WHOLE.format(name=name, python=sys.executable, conda=kill)


def half_and_killed(mac) -> str:
    return HALF.format(kill=KILL.format(lock=mac.lock))


def tidy(mac) -> None:
    """Run what a plan does about leftovers alone; the next plan has nothing to do."""
    state = mac.state
    assert isinstance(leftover_step(state, ()), Step)
    done = mac.run(change_scripts.remove_leftovers(state, CONTROLLER))
    assert done.returncode == 0, done.stderr
    assert leftover_step(mac.state, ()) is None


def asides(mac):
    return sorted(mac.home.glob("*.torchard-aside-*"))


def test_a_prefix_without_its_mark_is_replaced_where_the_lab_names_another_installer(mac):
    """The run was stopped between the installer's end and the mark; the lab changed since."""
    assert install(mac, whole_and_killed(mac, "first")).returncode != 0
    assert (mac.torchard / "installing").exists()
    text = whole("second")
    other = replace(on_a_mac.Installer("miniconda", "26.5.3-1", "Own.sh", "", ""), sha256="1" * 64)
    assert miniconda_step(mac.state, other).action == "update"
    assert install(mac, text).returncode == 0
    state = mac.state
    assert state.prefix_ours["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert (mac.prefix / "of-second").exists()
    assert state.leftovers == ()


def test_a_prefix_without_its_mark_gets_it_from_the_next_run(mac):
    """Nothing is installed a second time, and no plan has anything to do afterwards."""
    text = whole_and_killed(mac, "first")
    assert install(mac, text).returncode != 0
    assert mac.state.leftovers == ("installing", *mac.state.leftovers[1:])
    tidy(mac)
    state = mac.state
    assert state.prefix_ours["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert state.base.made is not None
    assert asides(mac) == []


class SharedMac(on_a_mac.OnAMac):
    """A Mac whose prefix all accounts share."""

    @property
    def torchard(self):
        return self.root / "opt/torchard/.torchard"

    @property
    def prefix(self):
        return self.root / "opt/torchard/miniconda3"

    @property
    def state(self):
        script = probe.build_script(str(self.prefix), str(self.torchard))
        return probe.parse(macs.run(self.root, script).stdout.splitlines())


def test_a_shared_prefix_without_its_mark_is_closed_to_others_before_it_gets_that(root):
    """The run was stopped before it took the right to write from the others."""
    mac = SharedMac(root)
    controller = replace(CONTROLLER, root=str(mac.torchard))
    text = f'{whole_and_killed(mac, "first")}chmod 666 "$3/of-first"; chmod 777 "$3/bin"\n'
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    mac.push(sha256, text.encode())
    installer = Installer("miniconda", "26.5.3-1", "Own.sh", "", sha256)
    killed = mac.run(change_scripts.install_miniconda(mac.state, installer, controller, "2026"))
    assert killed.returncode != 0
    assert (mac.prefix / "bin").stat().st_mode & 0o777 == 0o777
    done = mac.run(change_scripts.remove_leftovers(mac.state, controller))
    assert done.returncode == 0, done.stderr
    modes = [(mac.prefix / name).stat().st_mode & 0o777 for name in ("bin", "of-first")]
    assert modes == [0o755, 0o644]
    assert mac.state.prefix_ours["sha256"] == sha256


def test_half_a_record_of_an_install_goes_with_the_lock(mac):
    """The run was stopped before the record got its name: there is nothing to finish."""
    kill = KILL.format(lock=mac.lock)
    mac.tool("mv", f'case "$*" in *installing) {kill}; exit ;; esac\nexec /bin/mv "$@"')
    assert install(mac, whole("first")).returncode != 0
    assert [path.name for path in mac.torchard.rglob("installing*")] == ["installing.new"]
    assert mac.state.leftovers[:1] != ("installing",)
    mac.tool("mv", 'exec /bin/mv "$@"')
    os.utime(mac.lock, (time.time() - 300,) * 2)
    done = mac.run(change_scripts.remove_leftovers(mac.state, CONTROLLER))
    assert done.returncode == 0, done.stderr
    assert list(mac.torchard.rglob("installing*")) == []


def test_a_stopped_replacement_keeps_every_link(mac):
    """Also that of an environment which the lab does not name, through two stopped runs."""
    assert install(mac, whole("first")).returncode == 0
    generation = mac.torchard / "generations" / "other-1"
    generation.mkdir(parents=True)
    (mac.prefix / "envs").mkdir()
    (mac.prefix / "envs" / "other").symlink_to(generation)
    for _ in range(2):
        assert install(mac, half_and_killed(mac)).returncode != 0
        assert mac.state.prefix_state == "half"
    assert install(mac, whole("second")).returncode == 0
    assert (mac.prefix / "envs" / "other").readlink() == generation
    assert mac.state.leftovers == ()


def test_a_failure_after_a_stopped_replacement_puts_the_first_one_back(mac):
    """It was set aside by the run that was stopped, not by the one that failed."""
    assert install(mac, whole("first")).returncode == 0
    assert install(mac, half_and_killed(mac)).returncode != 0
    done = install(mac, "exit 3")
    assert "the earlier one is back at its place" in done.stderr
    assert (mac.prefix / "of-first").exists()
    assert mac.state.prefix_state == "whole"


def test_a_half_at_a_prefix_that_the_lab_does_not_name_any_more_is_set_aside(mac):
    """The lab names another prefix after the run was stopped."""
    other = f"{mac.home}/elsewhere"
    assert install(mac, half_and_killed(mac), prefix=other).returncode != 0
    assert install(mac, whole("second")).returncode == 0
    assert [one.name.partition(".")[0] for one in asides(mac)] == ["elsewhere"]
    assert mac.state.leftovers == ()


def test_a_whole_one_at_a_prefix_that_the_lab_does_not_name_any_more_gets_its_mark(mac):
    """If the lab names that prefix again, it is known as Torchard's."""
    other = mac.home / "elsewhere"
    assert install(mac, whole_and_killed(mac, "first"), prefix=str(other)).returncode != 0
    assert install(mac, whole("second")).returncode == 0
    assert (other / ".torchard.json").exists()
    assert asides(mac) == []


def test_what_a_person_put_at_that_prefix_is_left_alone(mac):
    """A folder of a person's is not half an install, and their Miniconda is older than the run."""
    other = f"{mac.home}/elsewhere"
    assert install(mac, KILL.format(lock=mac.lock), prefix=other).returncode != 0
    notes = mac.home / "elsewhere" / "notes"
    notes.parent.mkdir()
    notes.write_text("mine\n")
    tidy(mac)
    assert notes.read_text() == "mine\n"
    assert asides(mac) == []


@pytest.mark.parametrize(
    "left",
    [
        "generations/.building-torch-1",
        "generations/.discarded-torch-1/bin/python",
        "pkgs/torch-1/lib",
        "kits/torch-1/wheels/torch.whl",
        "kits/torch-1/torchard-depot/noarch/torch.conda",
        "kits/installer-4711/Own.sh",
    ],
)
def test_the_rest_of_a_stopped_build_or_removal_is_removed_alone(mac, left):
    """It goes even where the lab asks for nothing, and whole generations and kits stay."""
    assert install(mac, whole("first")).returncode == 0
    stays = [mac.torchard / one for one in ("generations/torch-2/file", "kits/torch-1/kit.json")]
    for path in (*stays, mac.torchard / "generations/torch-1/half", mac.torchard / left):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (mac.torchard / "generations/torch-2/.torchard.json").write_text("{}")
    tidy(mac)
    assert not (mac.torchard / left).exists()
    assert all(path.exists() for path in stays)
    assert (mac.torchard / "generations/torch-1").exists() is ("building" not in left)


def test_a_half_that_is_still_there_keeps_its_mark(mac):
    """Its removal ended without an error and did nothing: the next run tries again."""
    text = whole("first")
    assert install(mac, text.replace(f"exec {sys.executable}", "exit 0;")).returncode == 0
    mark, half = (mac.torchard / "generations" / one for one in (".building-torch-1", "torch-1"))
    (half / "bin").mkdir(parents=True)
    mark.write_text("")
    done = mac.run(change_scripts.remove_leftovers(mac.state, CONTROLLER))
    assert done.returncode == 1
    assert f"{half} is still there, although its removal ended without an error" in done.stderr
    assert mark.exists()
    assert install(mac, whole("second")).returncode == 1
    (mac.prefix / "bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    tidy(mac)
    assert not mark.exists()
    assert not half.exists()


def test_what_cannot_be_removed_is_in_nobodys_way(mac):
    """Another install works beside it, and a plan names it again with what to do."""
    assert install(mac, whole("first")).returncode == 0
    left = mac.torchard / "generations/.discarded-torch-1"
    (left / "bin").mkdir(parents=True)
    rm = mac.root / "bin/rm"
    whole_rm = rm.with_name("whole-rm")
    rm.rename(whole_rm)
    fail = 'case "$*" in *discarded*) exit 1 ;; esac'
    rm.write_text(f'#!/bin/sh\n{fail}\nexec {whole_rm} "$@"\n')
    rm.chmod(0o755)
    done = install(mac, whole("second"))
    assert done.returncode == 0, done.stderr
    assert isinstance(leftover_step(mac.state, ()), Step)
    done = mac.run(change_scripts.remove_leftovers(mac.state, CONTROLLER))
    assert done.returncode == 1
    assert f"{left} cannot be removed; look with `ls -leO` on the Mac" in done.stderr
    whole_rm.replace(rm)
    tidy(mac)


def test_a_generation_that_was_built_again_is_not_its_own_rest(mac):
    """The removal of the earlier one of that name was stopped, and goes on with what is left."""
    assert install(mac, whole("first")).returncode == 0
    built, rest = (mac.torchard / "generations" / one for one in ("torch-1", ".leaving-torch-1"))
    for path in (built / "bin", rest / "bin"):
        path.mkdir(parents=True)
    (built / ".torchard.json").write_text("{}")
    tidy(mac)
    assert (built / "bin").exists()
    assert not rest.exists()


def test_half_an_upload_goes_after_the_hours_that_the_lab_names(mac):
    """One that a run may still send stays, and so does a whole file, which a build may use."""
    assert install(mac, whole("first")).returncode == 0
    (mac.torchard / "pkgs").mkdir()
    old, new, complete = (mac.incoming / one for one in (f"{'1' * 64}.a-run", "2.a-run", "3" * 64))
    for path in (old, new, complete):
        path.write_text("")
    for path in (old, complete):
        os.utime(path, (time.time() - 7200,) * 2)
    tidy(mac)
    assert [one.exists() for one in (old, new, complete)] == [False, True, True]


@pytest.mark.parametrize(("at", "number"), [(1, 9), (2, 15), (4, 2), (6, 1)])
def test_a_removal_that_is_stopped_is_finished_by_the_next_run(mac, at, number):
    """A link leads to a whole generation or is gone, and a person's file is kept."""
    assert install(mac, whole("first")).returncode == 0
    python, generation = mac.prefix / "bin/python", mac.torchard / "generations/torch-1"
    (generation / "lib").mkdir(parents=True)
    stamp = {"environment": "torch", "path": str(generation), "verification": {}}
    (generation / ".torchard.json").write_text(json.dumps(stamp))
    (generation / "lib/mine.txt").write_text("mine\n")
    link = mac.prefix / "envs/torch"
    link.parent.mkdir()
    link.symlink_to(generation)
    step = find_removal("torch", mac.state)
    script = change_scripts.remove_environment(mac.state, step, CONTROLLER)
    stopped = STOPPED.format(python=sys.executable, at=at, lock=mac.lock, signal=number)
    python.write_text(stopped)
    assert mac.run(script).returncode != 0
    assert not link.is_symlink() or (generation / "lib/mine.txt").exists()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    state = mac.state
    step = find_removal("torch", state)
    if step is None:
        tidy(mac)
    else:
        done = mac.run(change_scripts.remove_environment(state, step, CONTROLLER))
        assert done.returncode == 0, done.stderr
    assert find_removal("torch", mac.state) is None
    assert mac.state.leftovers == ()
    assert [path.read_text() for path in mac.torchard.rglob("mine.txt")] == ["mine\n"]


@pytest.mark.parametrize("body", ["build_environment.sh", "remove_environment.sh"])
def test_recovery_leaves_the_variables_of_a_script_alone(body):
    """A script has one space of names: recovery must not set what the script has set before it."""
    text = read_script(body)
    before = text[: text.index("finish_install\n")]
    assert re.findall(r"^\s*(\w+)=", before, re.MULTILINE) == []
    used = set(re.findall(r"^\s*(\w+)=", text, re.MULTILINE))
    own = set(re.findall(r"(?:^|\s)(\w+)=|for (\w+) in|read -r (\w+)", read_script("recover.sh")))
    assert used.isdisjoint({one for names in own for one in names})

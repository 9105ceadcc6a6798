"""Do Torchard's whole job on the Mac that you type on: `make on-this-mac`.

Everything happens in a folder of its own, ~/torchard-trial, which is the home of all that runs:
your own Miniconda, environments, settings and shell's files are neither read nor changed. The
installer, the channels and the wheels are the real ones, as the lab file says.
"""

from __future__ import annotations

import argparse
import copy
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
LAB = ROOT / "inventory" / "this_mac.yaml"
MARK = ".torchard-trial"
TERMS = "https://www.anaconda.com/legal"
# What torchard/operations/scripts/verify.py says where MPS fails in a virtual machine.
VIRTUAL = "this Mac is a virtual machine, whose GPU MPS cannot use; write `backend: cpu`"
# What the update adds: one package of each owner, both small and for every Mac.
ADDED = {"conda": ["rhash"], "pip": ["einops"]}


class StopError(Exception):
    """The trial ends here; `str()` is a sentence for a person."""


@dataclass(frozen=True)
class Step:
    """A command, the exit codes that it may have, and a text that it must print."""

    title: str
    words: tuple[str, ...]
    codes: tuple[int, ...] = (0,)
    says: str = ""


def torchard(title: str, command: str, *words: str, code: int = 0, says: str = "") -> Step:
    """Return a step that is one command of Torchard's; LAB stands for the lab file."""
    return Step(title, ("-m", "torchard", command, *words), (code,), says)


# An earlier trial that was stopped may have done all of it.
FIRST_PLAN = Step("What would be done?", ("-m", "torchard", "plan", "LAB"), (0, 2))
APPLY = ("apply", "LAB", "--yes")
FIRST = (
    torchard("Install, build, and verify", *APPLY),
    torchard("Verify once more", "verify", "LAB"),
    torchard("A second plan has nothing to do", "plan", "LAB"),
)
UPDATED = (
    torchard("The lab asks for one package more of each kind", "plan", "LAB", code=2),
    torchard("Update: build the new environment beside the old one", *APPLY),
    Step(
        "Look at the Mac without Torchard's own plan",
        ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--torchard-lab", "LAB"),
    ),
    torchard("Go back to the environment before", "rollback", "torch", "LAB", "--yes"),
    torchard("Now the plan goes forward again", "plan", "LAB", code=2),
    torchard("Go forward", *APPLY),
    torchard("Nothing is left to do", "plan", "LAB"),
)
MPS_FAILS = (torchard("MPS must fail here, and say why", *APPLY, code=1, says=VIRTUAL),)


def main(arguments: list[str]) -> int:
    """Run the trial; return 0 where each step ended as it must."""
    options = read_options(arguments)
    trial = Path(options.trial).expanduser().resolve()
    try:
        refuse_elsewhere()
        refuse_taken(trial)
        described = yaml.safe_load(Path(options.lab).read_text(encoding="utf-8"))
        if options.backend:
            set_backend(described, options.backend)
        settle_licence(described, options)
        run_trial(trial, described, options)
    except StopError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make on-this-mac", description=__doc__)
    parser.add_argument("--lab", default=LAB, help="the lab file of this Mac")
    parser.add_argument("--trial", default="~/torchard-trial", help="the folder to work in")
    parser.add_argument("--backend", choices=["", "auto", "mps", "cpu"], default="")
    parser.add_argument("--yes", action="store_true", help="do not ask before the changes")
    parser.add_argument(
        "--accept-license", action="store_true", help=f"accept Anaconda's terms ({TERMS})"
    )
    parser.add_argument(
        "--expect-virtual", action="store_true", help="MPS must fail as in a virtual machine"
    )
    return parser.parse_args(arguments)


def refuse_elsewhere() -> None:
    """Raise StopError where this is not a Mac."""
    # The system is asked, not python: a simulated Mac's tools answer for it.
    kernel = subprocess.run(["uname", "-s"], capture_output=True, text=True, check=False).stdout
    if kernel.strip() != "Darwin":
        raise StopError(
            f"This machine runs {kernel.strip() or 'an unknown system'}, and this trial needs a"
            " Mac. Nothing was changed. `make demo` does the job on simulated Macs."
        )


def refuse_taken(trial: Path) -> None:
    """Raise StopError where somebody else's files are in the folder of the trial."""
    ours = (trial / MARK).is_file() or (trial.is_dir() and not any(trial.iterdir()))
    if trial.exists() and not ours:
        raise StopError(
            f"{trial} is there and is not from an earlier trial. Nothing was changed. Move it"
            " away, or name another folder with TRIAL=FOLDER."
        )


def set_backend(described: dict[str, Any], backend: str) -> None:
    """Let each environment with PyTorch ask for a backend."""
    for environment in described["environments"].values():
        asked = environment.get("pytorch")
        if asked is not False:
            environment["pytorch"] = {**(asked or {}), "backend": backend}


def settle_licence(described: dict[str, Any], options: argparse.Namespace) -> None:
    """Let the lab say which installer may run. Only a person accepts Anaconda's terms."""
    macs = [mac for mac in described["macs"].values() if not is_settled(mac)]
    if not macs:
        return
    accepted = options.accept_license
    if not accepted and not options.yes:
        print(
            "Torchard runs Miniconda's installer unattended, which accepts Anaconda's terms"
            f" ({TERMS}).\nWithout that, Miniforge is installed."
        )
        accepted = is_yes("Do you accept Anaconda's terms?")
    for mac in macs:
        if accepted:
            mac["accept_license"] = True
        else:
            mac["miniconda"] = {"distribution": "miniforge"}


def is_settled(mac: dict[str, Any]) -> bool:
    """Tell whether the lab says which installer may run."""
    chosen = mac.get("miniconda") or {}
    return bool(mac.get("accept_license")) or chosen.get("distribution") == "miniforge"


def run_trial(trial: Path, described: dict[str, Any], options: argparse.Namespace) -> None:
    """Plan, ask, and do the whole job. Raise StopError at the first step that ends otherwise."""
    print(f"Everything happens in {trial}. Nothing else in your home is read or changed.")
    trial.mkdir(parents=True, exist_ok=True)
    (trial / MARK).touch()
    lab = trial / "lab" / "this_mac.yaml"
    lab.parent.mkdir(exist_ok=True)
    write_lab(lab, described)
    take(FIRST_PLAN, trial, lab)
    if not options.yes and not is_yes("\nShall this be done?"):
        raise StopError(f"Nothing was done. `rm -rf {trial}` removes the folder of the trial.")
    if options.expect_virtual:
        take_all(MPS_FAILS, trial, lab)
    else:
        take_all(FIRST, trial, lab)
        write_lab(lab, updated(described))
        take_all(UPDATED, trial, lab)
    print(f"\nDone: each step ended as it must. `rm -rf {trial}` removes all of it.")


def updated(described: dict[str, Any]) -> dict[str, Any]:
    """Return the lab with one package more of each kind in every environment."""
    changed = copy.deepcopy(described)
    for environment in changed["environments"].values():
        for owner, packages in ADDED.items():
            environment[owner] = [*environment.get(owner, []), *packages]
    return changed


def write_lab(lab: Path, described: dict[str, Any]) -> None:
    """Write the lab file of the trial."""
    lab.write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")


def take_all(steps: tuple[Step, ...], trial: Path, lab: Path) -> None:
    """Take steps in order."""
    for step in steps:
        take(step, trial, lab)


def take(step: Step, trial: Path, lab: Path) -> None:
    """Run one step in the home of the trial, and show it. Raise StopError if it ends otherwise."""
    words = [str(lab) if word == "LAB" else word for word in step.words]
    print(f"\n# {step.title}\n$ {' '.join(words[1:])}", flush=True)
    said = []
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "HOME": str(trial)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None  # it is a pipe
        for line in process.stdout:
            print(line, end="", flush=True)
            said.append(line)
    code = process.returncode
    if code not in step.codes:
        wanted = " or ".join(map(str, step.codes))
        raise StopError(f"This ended with {code}, and {wanted} was expected. The trial ends.")
    if step.says not in "".join(said):
        raise StopError(f"This did not say {step.says!r}. The trial ends.")


def is_yes(question: str) -> bool:
    """Ask a person. Without a terminal nobody can answer, and that means no."""
    if not sys.stdin.isatty():
        print(f"{question} There is no terminal to answer on: no. (YES=1 answers beforehand.)")
        return False
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

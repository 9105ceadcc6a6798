"""`conda`, run by a simulated Mac as `HOST -I …/simlab/conda/__main__.py PREFIX COMMAND …`.

It ends without the interpreter's own clean-up: processes that used py-rattler have died there with
a signal, which would turn a good result into a bad exit status.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[2]))

from simlab.conda import report
from simlab.conda.failure import CondaError, CondaExit
from simlab.conda.root import Root


def main(prefix: str, arguments: list[str]) -> int:
    """Run one command of the conda at `prefix`; return its exit status."""
    conda = Root(Path(prefix), (f"{prefix}/bin/conda", *arguments))
    if conda.native_subdir == "osx-arm64" and conda.mac["arch"] != "arm64":
        print(f"{prefix}/bin/python: Bad CPU type in executable", file=sys.stderr)
        return 126
    if arguments and arguments[0].startswith("shell."):
        return speak(conda, arguments[0].removeprefix("shell."), arguments[1:])
    if arguments in (["--version"], ["-V"]):
        print(f"conda {conda.version}")
        return 0
    from simlab.conda.parser import parser  # noqa: PLC0415 (imports every command)

    top = parser()
    options = top.parse_args(arguments)
    if options.version:
        print(f"conda {conda.version}")
        return 0
    if options.verb is None:
        top.print_help()
        return 0
    name, path = getattr(options, "name", None), getattr(options, "prefix", None)
    try:
        conda = replace(conda, target=conda.prefix_of(name, path))
        return int(options.function(conda, options))
    except CondaExit:
        print("\nCondaSystemExit: Exiting.\n")
        return 0
    except CondaError as error:
        if options.json:
            print(json.dumps(error.as_dict(), indent=2))
        else:
            print(f"\n{error.name}: {error}\n", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 (conda reports whatever it did not expect)
        print(report.unexpected(conda, error), file=sys.stderr)
        return 1


def speak(conda: Root, shell: str, arguments: list[str]) -> int:
    """Say what a shell shall evaluate; it hears of a failure by the exit status."""
    from simlab.conda import shells  # noqa: PLC0415

    try:
        print(shells.speak(conda, shell, arguments), end="")
    except CondaError as error:
        print(f"\n{error.name}: {error}\n", file=sys.stderr)
        return 1
    return 0


def end(status: int) -> None:
    """End the process now, with everything written."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    gc.disable()  # it soon ends
    try:
        end(main(sys.argv[1], sys.argv[2:]))
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        end(error.code if isinstance(error.code, int) else 0 if error.code is None else 1)
    except KeyboardInterrupt:
        end(130)

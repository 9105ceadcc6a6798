"""The start of a child process: it sets limits and the import path, then becomes the program.

    python -I PATH/start_program.py '{"module": …, "path": […], "arguments": […], "limits": {…}, …}'
    python -I -S PATH/start_program.py '{"words": […], "folder": …, "limits": {…}, "seconds": …}'

`python -m` puts the working directory first on sys.path, and a lab's folder may have a json.py.
`-I` does not do that, and this file is named by its absolute path. It imports nothing of Torchard.
"""

import json
import os
import resource
import runpy
import signal
import sys


def join_paths(parent: list[str], own: list[str], here: str) -> list[str]:
    """Return the parent's import path without the working directory, then what it lacks of `own`.

    `own` is the path of this Python. An editable installation may have the working directory there,
    behind everything else.
    """
    kept = [one for one in parent if os.path.isabs(one) and os.path.realpath(one) != here]
    return [*kept, *(one for one in own if one not in kept)]


def set_limits(limits: dict[str, int]) -> None:
    """Set limits such as RLIMIT_FSIZE, or lower ones where this process has lower ones."""
    for name, value in limits.items():
        kind = getattr(resource, name)
        # A program that passes its soft limit of CPU time gets a signal that says so.
        wanted = (value, value + 5 if name == "RLIMIT_CPU" else value)
        pairs = zip(wanted, resource.getrlimit(kind), strict=True)
        soft, hard = (new if old == resource.RLIM_INFINITY else min(new, old) for new, old in pairs)
        resource.setrlimit(kind, (soft, hard))


def main() -> None:
    """Become the program that the first argument describes."""
    wanted = json.loads(sys.argv[1])
    set_limits(wanted["limits"])
    signal.alarm(wanted["seconds"])  # a parent that was killed watches nothing; 0 sets none
    if "RLIMIT_FSIZE" in wanted["limits"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # py-rattler would try again and again
    if "words" in wanted:
        program, *_ = words = wanted["words"]
        os.chdir(wanted["folder"])
        try:
            os.execv(program, words)  # noqa: S606  # a program, without a shell
        except OSError as error:
            sys.exit(f"{program} cannot be started: {error.strerror}")
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = join_paths(wanted["path"], [*sys.path, package], os.path.realpath("."))
    sys.argv = [wanted["module"], *wanted["arguments"]]
    runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""What conda prints of an error that it did not expect: a report of some 110 lines.

The layout is that of conda/exception_handler.py. The cause is in the middle, what it ends in says
only where to report it.
"""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlab.conda.root import Root

_VARIABLES = (
    "CIO_TEST", "CONDA_EXE", "CONDA_PREFIX", "CONDA_PYTHON_EXE", "CONDA_ROOT", "CONDA_SHLVL",
    "CURL_CA_BUNDLE", "DYLD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)  # fmt: skip
_END = """
An unexpected error has occurred. Conda has prepared the above report.

If you suspect this error is being caused by a malfunctioning plugin,
consider using the --no-plugins option to turn off plugins.

Example: conda --no-plugins install <package>

Alternatively, you can set the CONDA_NO_PLUGINS environment variable on
the command line to run the command without plugins enabled.

Example: CONDA_NO_PLUGINS=true conda install <package>
"""
_LENGTH = 110  # lines; a real report has more variables and settings than a simulated conda


def unexpected(conda: Root, error: BaseException) -> str:
    """Return the report of an error."""
    trace = "".join(traceback.format_exception(error)).splitlines()
    lines = ["", "# >>>>>>>>>>>>>>>>>>>>>> ERROR REPORT <<<<<<<<<<<<<<<<<<<<<<", ""]
    lines += [f"    {line}" for line in trace]
    lines += ["", f"`$ {' '.join(conda.command)}", "", "  environment variables:"]
    lines += [f"{name:>24}={os.environ.get(name, '<not set>')}" for name in _VARIABLES]
    facts = {
        "active environment": os.environ.get("CONDA_PREFIX", "None"),
        "populated config files": " ".join(map(str, conda.settings.files)),
        "conda version": conda.version,
        "base environment": f"{conda.prefix}  ({'writable' if conda.is_writable else 'read only'})",
        "package cache": os.environ.get("CONDA_PKGS_DIRS", f"{conda.prefix}/pkgs"),
    }
    lines += ["", *(f"{name:>23} : {value}" for name, value in facts.items())]
    rest = max(0, _LENGTH - len(lines) - _END.count("\n"))
    lines += [f"{'channel URLs' if n == 0 else '':>23} : file:///{n}" for n in range(rest)]
    return "\n".join([*lines, _END])

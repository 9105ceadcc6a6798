"""What is shown of a step's log after it failed: the cause, bounded, whatever program wrote it."""

from __future__ import annotations

import on_a_mac
import pytest
from on_a_mac import locked
from shells import EVERY

# As conda 26.7 prints an unexpected error, with fewer frames: what helps is in the middle.
CRASH = (
    """\
Preparing transaction: ...working... done
WARNING conda.exception_handler:print_unexpected_error_report(202): KeyError('active_prefix_name')
Traceback (most recent call last):
  File "/opt/lib/python3.13/site-packages/conda/cli/main_info.py", line 382, in builder
    if info_dict["active_prefix_name"]:
KeyError: 'active_prefix_name'

# >>>>>>>>>>>>>>>>>>>>>> ERROR REPORT <<<<<<<<<<<<<<<<<<<<<<

    Traceback (most recent call last):
      File "/opt/lib/python3.13/site-packages/conda/exception_handler.py", line 30, in __call__
        return func(*args, **kwargs)
               ^^^^^^^^^^^^^^^^^^^^^
    ValueError: the first one

    During handling of the above exception, another exception occurred:

    Traceback (most recent call last):
      File "/opt/lib/python3.13/site-packages/conda/common/serialize/yaml.py", line 125, in read
        return _yaml().load(text)
               ^^^^^^^^^^^^^^^^^^
    ruamel.yaml.parser.ParserError: while parsing a flow sequence
      in "/opt/.condarc", line 1, column 11
    expected ',' or ']', but got '<stream end>'
      in "/opt/.condarc", line 1, column 13

`$ /opt/bin/conda create -y -q -p /opt/envs/torch --file explicit.txt`

  environment variables:
                 CIO_TEST=<not set>
               CONDA_ROOT=/opt

     active environment : None
"""
    + "".join(f"          conda setting {number} : something\n" for number in range(60))
    + """

An unexpected error has occurred. Conda has prepared the above report.

If you suspect this error is being caused by a malfunctioning plugin,
consider using the --no-plugins option to turn off plugins.

Example: conda --no-plugins install <package>

Alternatively, you can set the CONDA_NO_PLUGINS environment variable on
the command line to run the command without plugins enabled.

Example: CONDA_NO_PLUGINS=true conda install <package>

"""
)
CRASHED = """\
ruamel.yaml.parser.ParserError: while parsing a flow sequence
  in "/opt/.condarc", line 1, column 11
expected ',' or ']', but got '<stream end>'
  in "/opt/.condarc", line 1, column 13
"""
REPORTED = """
# >>>>>>>>>>>>>>>>>>>>>> ERROR REPORT <<<<<<<<<<<<<<<<<<<<<<

`$ /opt/bin/conda create -y`

  environment variables:
                 CIO_TEST=<not set>

V V V V V V V V V V V V V V V V V V V V V V V V V V V V V V V

CondaHTTPError: HTTP 000 CONNECTION FAILED for url <file:///x>

A reportable application error has occurred. Conda has prepared the above report.
"""
LINK = "LinkError: post-link script failed for package kits/osx-arm64::graphviz-12.2.1-0"
PIP = """\
Looking in links: /opt/wheels
ERROR: Could not find a version that satisfies the requirement torch==2.15.0
ERROR: No matching distribution found for torch==2.15.0
"""


@pytest.fixture(scope="module")
def mac(tmp_path_factory):
    """A Mac with nothing on it."""
    mac = on_a_mac.make(tmp_path_factory.mktemp("causes"))
    yield mac
    mac.end()


def said(mac, text: str | bytes, shell="") -> str:
    """Return what is shown of a log, before the sentence and the log's path."""
    log = mac.root / "step.log"
    log.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = mac.run(locked(f"log='{log}'; fail 'conda could not create it'"), shell=shell)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.partition("conda could not create it\n")[0]


@pytest.mark.parametrize("shell", EVERY)
@pytest.mark.parametrize(
    ("log", "shown"),
    [
        (CRASH, CRASHED),
        (f"{CRASH}bunzip2: nothing to do\n", CRASHED),
        (REPORTED, "CondaHTTPError: HTTP 000 CONNECTION FAILED for url <file:///x>\n"),
        (PIP, PIP),
        ("", ""),
        ("no line break", "no line break\n"),
    ],
    ids=["crash", "crash in an installer", "reportable", "pip", "empty", "one line"],
)
def test_the_cause_is_shown_and_not_what_conda_asks_of_its_reader(mac, shell, log, shown):
    """The last line of the traceback and what belongs to it; of anything else, its end."""
    assert said(mac, log, shell) == shown


def test_a_long_error_is_shown_by_its_name_and_its_end(mac):
    """A post-link script may print more than fits: its package comes first in the message."""
    output = [f"line {number}" for number in range(100)]
    lines = said(mac, "\n".join([LINK, "==> script output <==", *output, ""])).splitlines()
    assert lines == [LINK, "...", *output[-18:]]


def test_lines_are_bounded_and_no_character_is_cut_in_two(mac):
    """One line of a log may be longer than all else: 400 bytes of it are enough."""
    assert said(mac, "ä" * 1000 + "\nend\n") == "...\nend\n"
    assert said(mac, "a" * 399 + "ä" * 500 + "\n") == "a" * 399 + "...\n"
    assert len(said(mac, b"\xff" * 200_000)) < 500


def test_a_report_that_was_cut_off_shows_its_end(mac):
    """Conda may be killed while it reports."""
    half = CRASH.partition("    ruamel")[0]
    assert said(mac, half).splitlines() == half.splitlines()[-20:]

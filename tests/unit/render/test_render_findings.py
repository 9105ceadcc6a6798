"""What `torchard doctor` found, as lines and as JSON."""

from __future__ import annotations

import json

import pytest

from torchard.json_schema import make_schema
from torchard.plan.codec import dumps
from torchard.plan.findings import Finding
from torchard.render.findings import DoctorDocument, Examination, doctor_document, doctor_lines

GOOD = Finding("good", "python", "Python 3.12.4")
SLEEP = Finding("warning", "sleep", "it sleeps")
OFF = Finding("problem", "unreachable", "no answer\nsecond line \x1b[2J")
READ = Examination("reached", "arm64", "15.1", (SLEEP,))
FINE = Examination("reached", "arm64", "15.1", ())
GONE = Examination("unreachable", None, None, (OFF,))


def test_what_was_found_is_printed_for_each_mac():
    """Without what would move a terminal's cursor."""
    found = doctor_document([GOOD], {"a": READ, "b": FINE, "c": GONE})
    lines = [one.plain for one in doctor_lines(found)]
    assert lines == [
        "This computer",
        "  = python      Python 3.12.4",
        "",
        "a  · arm64 · macOS 15.1",
        "  ~ sleep       it sleeps",
        "",
        "b  · arm64 · macOS 15.1",
        "  = ready       nothing gets in the way",
        "",
        "c",
        "  ! unreachable no answer",
        "                second line \\x1b[2J",
        "",
        "Found: 1 problem, 1 warning.",
    ]


@pytest.mark.parametrize(
    ("controller", "macs", "code"),
    [([GOOD], {"a": READ}, 0), ([GOOD], {"a": GONE}, 3), ([OFF], {"a": GONE}, 1)],
)
def test_the_exit_code_is_of_the_worst(controller, macs, code):
    """A warning does not count."""
    assert doctor_document(controller, macs).exit_code == code


def test_the_schema_of_the_doctor_is_that_of_the_types(schema_file):
    """`schemas/doctor.schema.json`, with an example."""
    example = json.loads(dumps(doctor_document([GOOD], {"a": READ})))
    schema_file("doctor", make_schema(DoctorDocument, "doctor", [example]))

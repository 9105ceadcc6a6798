"""`make lint` gives shellcheck every shell text there is."""

from __future__ import annotations

from pathlib import Path

import lint_shell

ROOT = Path(lint_shell.ROOT)


def test_every_line_of_every_shell_file_is_linted():
    """As it is run: a new script, or a new stand-in of simlab, has to be among the texts."""
    texts = lint_shell.texts()
    linted = {line for text in texts.values() for line in text.splitlines()}
    files = [ROOT / ".ci/run", *ROOT.glob("torchard/**/*.sh"), *ROOT.glob("simlab/**/*.sh")]
    assert len(files) > 40
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        # Text between @ is filled in.
        missing = [
            line for line in lines if "@" not in line.replace('"$@"', "") and line not in linted
        ]
        assert missing in ([], ["#!/bin/sh"]), file
    assert any("printf" in text for name, text in texts.items() if ", inside 1" in name)

"""Write the files of a lab folder. Nothing that exists is changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torchard.errors import TorchardError
from torchard.resources import find_resource

LAB = "inventory/lab.yaml"
_OWN = Path(__file__).with_name("files")
# Files of the project that a lab folder has too, under the same names.
_COPIES = ("deploy.py", "schemas/lab.schema.json")
_THIS_MAC = ("inventory/this_mac.yaml", "inventory/this_mac.py")
_OWN_FILES = {
    "tests/test_macs.py": "test_macs.txt",
    ".gitignore": "gitignore",
    ".github/workflows/check.yml": "check.yml",
}


@dataclass(frozen=True)
class Written:
    """The names of files that were written, and of those that were there before."""

    written: tuple[str, ...]
    kept: tuple[str, ...]


def write_folder(folder: Path, lab: str, *, this_mac: bool) -> Written:
    """Write a lab folder around the text of its lab file.

    `this_mac` adds the inventory of the Mac that one types on. Raise TorchardError if there is a
    lab already, or if a file cannot be written.
    """
    if (folder / LAB).exists() or (folder / LAB).is_symlink():
        raise TorchardError(
            f"{folder / LAB} exists, and nothing was written.",
            "Edit it, or name another folder: torchard init FOLDER",
        )
    copies = ("inventory/lab.py", *(_THIS_MAC if this_mac else ()), *_COPIES)
    paths = {name: find_resource(name) for name in copies}
    paths |= {name: _OWN / file for name, file in _OWN_FILES.items()}
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    written, kept = [], []
    for name, text in {LAB: lab, **texts}.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            if isinstance(error, FileExistsError) and path.parent.is_dir():
                kept.append(name)
                continue
            raise TorchardError(
                f"{path} cannot be written: {error.strerror}.",
                "Make its folder writable, or name another: torchard init FOLDER",
            ) from error
        written.append(name)
    return Written(tuple(written), tuple(kept))

"""The lock files beside a lab file are written whole, or not at all."""

from __future__ import annotations

import pytest

from torchard.lock.lockfile import LockFileError
from torchard.workspace.locks import write_lock


def test_a_lock_is_written_atomically(tmp_path):
    """If it cannot be written, the error says where the lab file belongs; no part of it is left."""
    path = tmp_path / "locks" / "torch.json"
    write_lock(path, "one")
    write_lock(path, "two")
    assert [one.name for one in path.parent.iterdir()] == ["torch.json"]
    assert path.read_text(encoding="utf-8") == "two"
    with pytest.raises(LockFileError, match="cannot be written") as said:
        write_lock(path / "below" / "torch.json", "three")
    assert "put it into a folder in which you can write" in said.value.instead
    (path.parent / "taken.json").mkdir()
    with pytest.raises(LockFileError, match="cannot be written"):
        write_lock(path.parent / "taken.json", "four")
    assert {one.name for one in path.parent.iterdir()} == {"taken.json", "torch.json"}

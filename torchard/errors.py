"""The errors that Torchard shows to people: each is a sentence with a way out."""

from __future__ import annotations


class TorchardError(Exception):
    """Something a person can mend. `str()` is what they are shown, never a traceback.

    `instead` says what to type or write instead; it is empty where the message says it all.
    """

    def __init__(self, message: str, instead: str = "") -> None:
        super().__init__(f"{message}\n  {instead}" if instead else message)
        self.message = message
        self.instead = instead

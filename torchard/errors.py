"""The errors that Torchard prints: each is a sentence that says what to do."""

from __future__ import annotations


class TorchardError(Exception):
    """An error that a person can repair. `str()` is what Torchard prints, never a traceback.

    `instead` says what to type or write instead; it is empty where the message says it all.
    """

    def __init__(self, message: str, instead: str = "") -> None:
        super().__init__(f"{message}\n  {instead}" if instead else message)
        self.message = message
        self.instead = instead

"""What conda says when it cannot: a name that `--json` gives, and a sentence."""

from __future__ import annotations


class CondaError(Exception):
    """An error of conda's: `name` is its exception_name, `more` what its JSON holds besides."""

    def __init__(self, name: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.name = name
        self.more = more

    def as_dict(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return {
            "caused_by": "None",
            "error": f"{self.name}: {self}",
            "exception_name": self.name,
            "exception_type": f"<class 'conda.exceptions.{self.name}'>",
            "message": str(self),
            **self.more,
        }


class CondaExit(Exception):  # noqa: N818 (conda calls it an exit, and its status is 0)
    """Conda gives up without an error: nobody answered its question."""

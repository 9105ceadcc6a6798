"""How long Torchard waits for a Mac, and what it says when that time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchard.lab.model import MacHost

GRACE = 30  # seconds for a Mac to end a command by itself, and to say why


class Limit(int):
    """The `_timeout` of a command, in seconds, with the sentence for its end.

    With `is_silence`, the time begins again at every byte that the command prints.
    """

    sentence: str
    is_silence: bool

    def __new__(cls, seconds: int, sentence: str, *, is_silence: bool = False) -> Limit:  # noqa: PYI034  # typing.Self is not in Python 3.10
        """Make a limit."""
        made = super().__new__(cls, seconds)
        made.sentence, made.is_silence = sentence, is_silence
        return made


def limit_probe(mac: MacHost) -> Limit:
    """Return the limit of the command that reads a Mac."""
    seconds = mac.timeouts.probe
    return Limit(
        seconds,
        f"the command that reads this Mac did not end within {count_seconds(seconds)}; a disk or a"
        " file server may not answer there: log in and run `df`. If the Mac is only slow, raise"
        " `timeouts: {probe: …}` in the lab file",
    )


def limit_verification(mac: MacHost) -> Limit:
    """Return the limit of a command that verifies or inspects environments."""
    seconds = mac.timeouts.verification
    return Limit(
        seconds + GRACE,
        f"the verification did not end within {count_seconds(seconds)}; log in and look what its"
        " python waits for. If the Mac is only slow, raise `timeouts: {verification: …}` in the"
        " lab file",
    )


def limit_file_command(mac: MacHost) -> Limit:
    """Return the limit of a short command before or after files are sent."""
    seconds = mac.timeouts.transfer
    return Limit(
        seconds,
        f"a command that prepares or names uploaded files did not end within"
        f" {count_seconds(seconds)}; log in and run `df`: its disk may not answer. If the Mac is"
        " only slow, raise `timeouts: {transfer: …}` in the lab file",
    )


def limit_step(mac: MacHost) -> Limit:
    """Return the limit of a step. The Mac ends a step without a sign of life before that."""
    seconds = mac.timeouts.step
    return Limit(
        seconds + GRACE,
        f"nothing came from this Mac for {count_seconds(seconds)} while a step ran there. The step"
        " may go on by itself: look at the Mac, then run the same command again, which waits for"
        " it. If the Mac is only slow, raise `timeouts: {step: …}` in the lab file",
        is_silence=True,
    )


def explain_slow_login(address: str, doing: str, seconds: int) -> str:
    """Explain that a login took too long; `doing` is what it waited for."""
    return (
        f"{address} took too long: Torchard waited for {doing} until {count_seconds(seconds)} were"
        " over; log in with `ssh` and see where that waits. If the Mac or a jump host is only"
        " slow, or you have to confirm a key, raise `timeouts: {login: …}` in the lab file"
    )


def explain_stalled_connection(address: str, seconds: int) -> str:
    """Explain that no answer comes over a connection any more."""
    return (
        f"{address} did not answer for {count_seconds(seconds)}, so Torchard gave the connection"
        " up; is the Mac awake, and does its disk answer? Then run the same command again. If it"
        " is only slow, raise `timeouts: {transfer: …}` in the lab file"
    )


def limit_script(mac: MacHost, script: str) -> str:
    """Return a script that changes a Mac, with the limit by which the Mac itself ends its steps."""
    return f"STEP_SECONDS={mac.timeouts.step}\n{script}"


def count_seconds(seconds: int) -> str:
    """Return a number of seconds in words: `1 second`, `60 seconds`, `15 minutes`."""
    if seconds > 60 and seconds % 60 == 0:
        return f"{seconds // 60} minutes"
    return f"{seconds} second{'' if seconds == 1 else 's'}"

"""Why a Mac could not be reached or read: sentences with a cause and a way out. Pure.

Sources of what servers say: OpenSSH's auth.c, session.c, sshd.c and channels.c; for FileVault,
apple_ssh_and_filevault(7) of macOS 26.
"""

from __future__ import annotations

import errno
import re
import shlex
from socket import gaierror
from typing import TYPE_CHECKING

from paramiko import SSHException
from paramiko.ssh_exception import NoValidConnectionsError

from torchard.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torchard.remote.ssh_config import Effective

SHARING = "System Settings > General > Sharing"
_WIDTH = 160  # characters of a line that is shown
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_OURS = re.compile(r"(\\+0[0-7]{3}.*){3}|printf %b|torchard-ssh-")
_CHATTER = re.compile(r"^(debug\d:|Warning: Permanently added|\*\* )", re.IGNORECASE)


class ReachError(SSHException):
    """A host could not be reached; `str()` is the whole sentence, with the way out."""


class DeniedError(ReachError):
    """A host took none of the keys. `notes` say what else could have been shown, and was not."""

    def __init__(self, address: str, shown: int, notes: Sequence[str] = ()) -> None:
        self.address, self.shown, self.notes = address, shown, tuple(notes)
        super().__init__(f"{address} takes none of your keys{''.join(f'; {one}' for one in notes)}")


def shortened(text: str, lines: int = 2) -> str:
    """Return the first and the last line that say something, without escape sequences.

    What repeats our own command, as a shell does that cannot read it, is left out.
    """
    clean = (_ESCAPE.sub("", one).expandtabs(1).strip() for one in text.splitlines())
    kept = [one for one in clean if one and not _OURS.search(one) and re.search(r"\w", one)]
    if len(kept) > lines:
        kept = [*kept[: lines - 1], kept[-1]]
    cut = (one if len(one) <= _WIDTH else f"{one[: _WIDTH - 1]}…" for one in kept)
    return redact(" … ".join(cut))


def dialling(error: BaseException, address: str) -> str:
    """Say why there is no connection to an address."""
    if isinstance(error, gaierror):
        return f"{address} is a name that does not resolve; write another `address:`"
    numbers = {getattr(error, "errno", None)}
    if isinstance(error, NoValidConnectionsError):  # of one address, or of several of a name
        numbers = {getattr(one, "errno", None) for one in error.errors.values()}
    if errno.ECONNREFUSED in numbers:
        return f"{address} refused the connection; turn Remote Login on there ({SHARING})"
    if isinstance(error, TimeoutError):
        return (
            f"{address} did not answer in time; is it on, awake and in this network? A Mac with"
            " FileVault does not answer after a restart until somebody logs in at it"
        )
    if numbers & {errno.EHOSTUNREACH, errno.ENETUNREACH}:
        return f"there is no way to {address} from here; is it on, and are you in its network?"
    if numbers & {errno.EMFILE, errno.ENFILE}:
        return (
            f"{address} cannot be connected to: Too many open files on this machine; run"
            " `ulimit -n 4096` in this terminal first, or take fewer Macs at once with `--limit`"
        )
    text = redact(str(error)) or type(error).__name__
    return f"{address} cannot be connected to: {text}"


def configuration(host: str, said: str) -> str:
    """Say why ssh could not read its configuration."""
    lines = [one for one in said.splitlines() if "terminating" not in one] or [said]
    found = re.search(r"Bad owner or permissions on (.*\S)", said)
    out = _own(found[1]) if found else f"correct that, and try `{shlex.join(['ssh', '-G', host])}`"
    return (
        f"ssh cannot read its configuration for {host}: {shortened(chr(10).join(lines), 1)}; {out}"
    )


def _own(file: str) -> str:
    return f"run `{shlex.join(['chmod', 'go-w', file])}`, and own that file"


def add_key(path: str) -> str:
    """Say how an agent gets a key that Torchard cannot use by itself."""
    return f"run `{shlex.join(['ssh-add', path])}`, and the agent has it"


def add_token(provider: str) -> str:
    """Say how an agent gets the keys of a PKCS11 provider."""
    return (
        f"the keys of {provider} (PKCS11Provider) can be used through an agent only: run"
        f" `{shlex.join(['ssh-add', '-s', provider])}`"
    )


def before_banner(address: str, said: str) -> str:
    """Say why a server closed the connection before it said that it speaks SSH."""
    text = shortened(said)
    if re.search(r"MaxStartups|Not allowed at this time", said):
        return (
            f'{address} closed the connection at once: "{text}"; it has too many logins in'
            " progress, or penalises failed ones: wait some minutes, and run it again"
        )
    more = f': "{text}"' if text else ""
    return (
        f"{address} answers, but not as an SSH server{more}; is that its port? One with too many"
        " logins in progress also closes the connection: then run it again"
    )


def locked(banner: str) -> bool:
    """Tell whether a banner is that of a Mac whose data volume is locked by FileVault."""
    return (
        re.search(r"system is locked|unlock it, use a local account", banner, re.IGNORECASE)
        is not None
    )


def locked_mac(to: Effective) -> str:
    """Say that a Mac is locked, and how it is unlocked from here: from macOS 26 on it says so."""
    port = [] if to.port == 22 else ["-p", str(to.port)]
    login = shlex.join(["ssh", *port, f"{to.user}@{to.host}"])
    return (
        f"{to.address} is locked by FileVault since it was started: it takes a password only, and"
        f" Torchard sends none; log in at it, or run `{login}` and type the password of a local"
        " account, then run this again"
    )


def closed_after_login(address: str, user: str) -> str:
    """Say that a server closed the connection as soon as it had taken a key."""
    return (
        f"{address} closed the connection right after it was shown a key of {user}: Remote Login"
        f" may not allow this account; on the Mac, add it in {SHARING} > Remote Login"
    )


def ended_early(address: str, error: BaseException) -> str:
    """Say that a server closed the connection before anybody could log in."""
    text = redact(str(error))
    return (
        f"{address} closed the connection before the login{f' ({text})' if text else ''}; run it"
        " again, and if it stays so, look at the log of its sshd"
    )


def too_many_keys(address: str, shown: int, said: str) -> str:
    """Say that a server counted too many keys."""
    return (
        f'{address} ended the login after {shown} keys: "{shortened(said, 1)}"; name the right one'
        " as ssh.key in the lab, or write `IdentitiesOnly yes` with its IdentityFile into"
        " ssh_config"
    )


def more_than_a_key(address: str, asked: Iterable[str]) -> str:
    """Say that a key is not enough."""
    kinds = ", ".join(sorted(asked))
    return (
        f"{address} wants more than a key ({kinds}), and Torchard types no password and no code;"
        " let its sshd take a key alone for this account (AuthenticationMethods)"
    )


def ended_by_host(address: str, said: str) -> str:
    """Say that a server ended the login with a reason of its own."""
    return f'{address} ended the login: "{shortened(said)}"; look at the log of its sshd'


def too_few_sessions(address: str) -> str:
    """Say that a server opens no channel for a command."""
    return (
        f"{address} opens no session for a command: its sshd allows no more of them on one"
        " connection; set `MaxSessions 10` in its sshd_config"
    )


def no_common(address: str, what: str) -> str:
    """Say that the configuration allows nothing that paramiko knows."""
    return (
        f"the ssh configuration for {address} allows only {what} that Torchard's SSH library"
        " (paramiko) lacks; allow another one for this host"
    )


def through_jump(said: str, jump: str, target: str) -> str:
    """Say why `ssh -W` found no way to a host, from what it wrote to stderr."""
    text = "\n".join(one for one in said.splitlines() if not _CHATTER.match(one.strip()))
    where = f"the jump host {jump}"
    last = shortened(text.rpartition("\n")[2] or text, 1)
    login = f"try `{shlex.join(['ssh', jump])}`"
    hints = {
        r"Too many authentication failures": (
            "counts too many keys; write `IdentitiesOnly yes` and its IdentityFile into ssh_config"
        ),
        r"Permission denied": (
            f"takes none of your keys; {login}, and name its IdentityFile in ssh_config or run"
            " `ssh-add`"
        ),
        r"administratively prohibited|unknown channel type": (
            f"refuses to pass a connection on to {target}; its administrator has to allow it"
            " (AllowTcpForwarding and PermitOpen of its sshd)"
        ),
        r"open failed: connect failed: (?P<why>.*)|open failed: (?P<other>.*)": (
            f"does not reach {target}; is it on, awake, and is Remote Login on ({SHARING})?"
        ),
        r"Could not resolve hostname (?P<why>.*)": "has a name that does not resolve",
        r"connect to host (?P<why>.*)": "cannot be connected to; is it on, and in this network?",
        r"MaxStartups|Not allowed at this time|kex_exchange|Connection (closed|reset)": (
            "closed the connection; it may have too many logins in progress: run it again"
        ),
        r"Host key verification failed": (
            f"has a host key that is not known; {login} in a terminal and compare it"
        ),
    }
    for pattern, sentence in hints.items():
        found = re.search(pattern, text)
        if found:
            groups = found.groupdict()
            why = (groups.get("why") or groups.get("other") or "").strip()
            cause = f' ("{shortened(why, 1)}")' if why else ""
            return f"{where} {sentence}{cause}"
    return f'{where} gave no way to {target}: "{last or "it said nothing"}"; {login}'


def through_command(said: str, command: str, target: str) -> str:
    """Say why a person's own ProxyCommand found no way to a host."""
    text = shortened(said) or "it said nothing"
    return (
        f'the ProxyCommand `{shortened(command, 1)}` gave no way to {target}: "{text}"; try'
        " `ssh` with the same host"
    )


def unanswered(lines: Sequence[str], said: str) -> str | None:
    """Say what came in place of the answer that a Mac's shell should have given.

    None where the answer is whole: then what is in it decides.
    """
    stripped = [one.strip() for one in lines]
    begun = "begin" in stripped
    if begun and any(one.split("\t") == ["end", "ok"] for one in stripped):
        return None
    printed = "\n".join([*lines, said])
    if re.search(r"password has expired|Password change required", printed, re.IGNORECASE):
        return (
            "the password of this account has expired, and the Mac runs nothing before it is"
            " changed; log in with `ssh` in a terminal and change it"
        )
    if begun:
        text = shortened(said)
        return f'its answer was cut short: "{text}"' if text else None
    if re.search(r"account is currently not available|nologin", printed, re.IGNORECASE):
        return (
            f'its account has no shell: it printed "{shortened(printed, 1)}"; on the Mac, run'
            " `chsh -s /bin/zsh` for this account"
        )
    text = shortened(printed)
    return (
        f"its login shell did not run the command that reads it: it printed"
        f' "{text or "nothing"}"; let its startup files print, ask and `exec` only in a terminal'
        " (`[ -t 0 ]`), or give the account zsh: `chsh -s /bin/zsh`"
    )

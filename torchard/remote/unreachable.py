"""Why a Mac is unreachable or cannot be read: each sentence with its cause and what to do.

Sources of what servers say: OpenSSH's auth.c, session.c, sshd.c and channels.c; for FileVault,
apple_ssh_and_filevault(7) of macOS 26.
"""

from __future__ import annotations

import errno
import logging
import re
import shlex
import traceback
from pathlib import Path
from socket import gaierror
from typing import TYPE_CHECKING

from paramiko import AuthenticationException, SSHException
from paramiko.ssh_exception import NoValidConnectionsError
from pyinfra.api.exceptions import ConnectError, PyinfraError

from torchard.errors import TorchardError
from torchard.redact import redact
from torchard.remote.host_keys import ChangedHostKeyError, HostKeyError, UnknownHostKeyError
from torchard.resources import find_default_lab

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torchard.lab.model import MacHost
    from torchard.remote.ssh_config import EffectiveConfig

CONNECT_TIMEOUT = 10  # seconds
SHARING = "System Settings > General > Sharing"
_WIDTH = 160  # characters of a line that is printed
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_OURS = re.compile(r"(\\+0[0-7]{3}.*){3}|printf %b|torchard-ssh-")
_CHATTER = re.compile(r"^(debug\d:|Warning: Permanently added|\*\* )", re.IGNORECASE)


class ReachError(SSHException):
    """A host is unreachable; `str()` is the whole sentence, with what to do."""


class DeniedError(ReachError):
    """A host accepted none of the keys. `notes` say which other keys could not be used."""

    def __init__(self, address: str, offered: int, notes: Sequence[str] = ()) -> None:
        self.address, self.offered, self.notes = address, offered, tuple(notes)
        super().__init__(
            f"{address} accepts none of your keys{''.join(f'; {one}' for one in notes)}"
        )


def shorten(text: str, lines: int = 2) -> str:
    """Return the first and the last line of a message, without escape sequences.

    Lines that repeat our own command are left out: a shell that cannot read it prints it.
    """
    plain = "\n".join(_ESCAPE.sub("", one) for one in text.splitlines())
    clean = (one.expandtabs(1).strip() for one in redact(plain).splitlines())  # before the cut
    kept = [one for one in clean if one and not _OURS.search(one) and re.search(r"\w", one)]
    if len(kept) > lines:
        kept = [*kept[: lines - 1], kept[-1]]
    cut = (one if len(one) <= _WIDTH else f"{one[: _WIDTH - 1]}…" for one in kept)
    return " … ".join(cut)


def explain_dial_error(error: BaseException, address: str) -> str:
    """Explain why there is no connection to an address."""
    if isinstance(error, gaierror):
        local = " (a name in .local exists only in the Mac's own network, while the Mac is awake)"
        about = local if re.search(r"\.local(:|$)", address) else ""
        return f"{address} is a name that does not resolve{about}; write another `address:`"
    numbers = {getattr(error, "errno", None)}
    if isinstance(error, NoValidConnectionsError):  # of one address, or of several of a name
        numbers = {getattr(one, "errno", None) for one in error.errors.values()}
    if errno.ECONNREFUSED in numbers:
        return f"{address} refused the connection; turn Remote Login on there ({SHARING})"
    if isinstance(error, TimeoutError):
        return (
            f"{address} did not answer in time; is it on, awake and in this network? A Mac with"
            " FileVault does not answer after a restart until somebody logs in at the Mac"
        )
    if numbers & {errno.EHOSTUNREACH, errno.ENETUNREACH}:
        return f"there is no route to {address} from here; is it on, and are you in its network?"
    if numbers & {errno.EMFILE, errno.ENFILE}:
        return (
            f"{address} cannot be connected to: Too many open files on this machine; run"
            " `ulimit -n 4096` in this terminal first, or take fewer Macs at once with `--limit`"
        )
    text = redact(str(error)) or type(error).__name__
    return f"{address} cannot be connected to: {text}"


def explain_config_error(host: str, said: str) -> str:
    """Explain why ssh could not read its configuration."""
    lines = [one for one in said.splitlines() if "terminating" not in one] or [said]
    found = re.search(r"Bad owner or permissions on (.*\S)", said)
    out = (
        _suggest_chmod(found[1])
        if found
        else f"correct that, and try `{shlex.join(['ssh', '-G', host])}`"
    )
    return f"ssh cannot read its configuration for {host}: {shorten(chr(10).join(lines), 1)}; {out}"


def _suggest_chmod(file: str) -> str:
    return f"run `{shlex.join(['chmod', 'go-w', file])}`, and make yourself its owner"


def suggest_ssh_add(path: str) -> str:
    """Say how to give an agent a key that Torchard cannot use by itself."""
    return f"run `{shlex.join(['ssh-add', path])}` to add it to an agent"


def suggest_token(provider: str) -> str:
    """Say how to give an agent the keys of a PKCS11 provider."""
    return (
        f"Torchard can use the keys of {provider} (PKCS11Provider) through an agent only: run"
        f" `{shlex.join(['ssh-add', '-s', provider])}`"
    )


def explain_missing_banner(address: str, said: str) -> str:
    """Explain why a server closed the connection before its SSH banner."""
    text = shorten(said)
    if re.search(r"MaxStartups|Not allowed at this time", said):
        return (
            f'{address} closed the connection at once: "{text}"; it has too many logins in'
            " progress, or penalises failed ones: wait some minutes, and run it again"
        )
    more = f': "{text}"' if text else ""
    return (
        f"{address} answers, but not as an SSH server{more}; is that its SSH port? A server with"
        " too many logins in progress also closes the connection: then run it again"
    )


def is_filevault_banner(banner: str) -> bool:
    """Tell whether a banner comes from a Mac that FileVault locks."""
    return (
        re.search(r"system is locked|unlock it, use a local account", banner, re.IGNORECASE)
        is not None
    )


def explain_locked_mac(to: EffectiveConfig) -> str:
    """Explain that FileVault locks a Mac, and how to unlock it; macOS 26 and later say so."""
    port = [] if to.port == 22 else ["-p", str(to.port)]
    login = shlex.join(["ssh", *port, f"{to.user}@{to.host}"])
    return (
        f"FileVault locks {to.address} since its start: it accepts a password only, and Torchard"
        f" sends none; log in at the Mac, or run `{login}` and type the password of a local"
        " account, then run this again"
    )


def explain_closed_after_login(address: str, user: str) -> str:
    """Explain that a server closed the connection right after it accepted a key."""
    return (
        f"{address} closed the connection right after it accepted a key of {user}: Remote Login"
        f" may not allow this account; on the Mac, add it in {SHARING} > Remote Login"
    )


def explain_early_end(address: str, error: BaseException) -> str:
    """Explain that a server closed the connection before the login."""
    text = redact(str(error))
    return (
        f"{address} closed the connection before the login{f' ({text})' if text else ''}; run it"
        " again, and if the error stays, look at the log of its sshd"
    )


def explain_too_many_keys(address: str, offered: int, said: str) -> str:
    """Explain that a server was offered too many keys."""
    return (
        f'{address} ended the login after {offered} keys: "{shorten(said, 1)}"; name the right one'
        " as ssh.key in the lab, or write `IdentitiesOnly yes` with its IdentityFile into"
        " ssh_config"
    )


def explain_more_than_a_key(address: str, asked: Iterable[str]) -> str:
    """Explain that a key is not enough."""
    kinds = ", ".join(sorted(asked))
    return (
        f"{address} wants more than a key ({kinds}), and Torchard types no password and no code;"
        " let its sshd accept a key alone for this account (AuthenticationMethods)"
    )


def explain_ended_login(address: str, said: str) -> str:
    """Explain that a server ended the login, with its own reason."""
    return f'{address} ended the login: "{shorten(said)}"; look at the log of its sshd'


def explain_too_few_sessions(address: str) -> str:
    """Explain that a server opens no channel for a command."""
    return (
        f"{address} opens no session for a command: its sshd allows no more of them on one"
        " connection; set `MaxSessions 10` in its sshd_config"
    )


def explain_no_common_algorithm(address: str, what: str) -> str:
    """Explain that the configuration allows nothing that paramiko supports."""
    return (
        f"the ssh configuration for {address} allows only {what} that Torchard's SSH library"
        " (paramiko) lacks; allow another one for this host"
    )


def explain_jump_error(said: str, jump: str, target: str) -> str:
    """Explain why `ssh -W` did not reach a host, from what it wrote to stderr."""
    text = "\n".join(one for one in said.splitlines() if not _CHATTER.match(one.strip()))
    where = f"the jump host {jump}"
    last = shorten(text.rpartition("\n")[2] or text, 1)
    login = f"try `{shlex.join(['ssh', jump])}`"
    hints = {
        r"Too many authentication failures": (
            "got too many keys; write `IdentitiesOnly yes` and its IdentityFile into ssh_config"
        ),
        r"Permission denied": (
            f"accepts none of your keys; {login}, and name its IdentityFile in ssh_config or run"
            " `ssh-add`"
        ),
        r"administratively prohibited|unknown channel type": (
            f"does not pass a connection on to {target}; its administrator has to allow it"
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
            cause = f' ("{shorten(why, 1)}")' if why else ""
            return f"{where} {sentence}{cause}"
    return f'{where} did not reach {target}: "{last or "it printed nothing"}"; {login}'


def explain_command_error(said: str, command: str, target: str) -> str:
    """Explain why a person's own ProxyCommand did not reach a host."""
    text = shorten(said) or "it printed nothing"
    return (
        f'the ProxyCommand `{shorten(command, 1)}` did not reach {target}: "{text}"; try'
        " `ssh` with the same host"
    )


def explain_missing_answer(lines: Sequence[str], said: str) -> str | None:
    """Explain what a Mac's shell printed instead of the probe's answer.

    None if the answer is complete: then its content decides.
    """
    stripped = [one.strip() for one in lines]
    begun = "begin" in stripped
    if begun and any(one.split("\t") == ["end", "ok"] for one in stripped):
        return None
    printed = "\n".join([*lines, said])
    if re.search(r"password has expired|Password change required", printed, re.IGNORECASE):
        return (
            "the password of this account has expired, and the Mac runs no command before you"
            " change it; log in with `ssh` in a terminal and change it"
        )
    if begun:
        text = shorten(said)
        return f'its answer was cut short: "{text}"' if text else None
    if re.search(r"account is currently not available|nologin", printed, re.IGNORECASE):
        return (
            f'its account has no shell: it printed "{shorten(printed, 1)}"; on the Mac, run'
            " `chsh -s /bin/zsh` for this account"
        )
    text = shorten(printed)
    return (
        f"its login shell did not run the command that reads the Mac: it printed"
        f' "{text or "nothing"}"; let its startup files print, ask and `exec` only in a terminal'
        " (`[ -t 0 ]`), or give the account zsh: `chsh -s /bin/zsh`"
    )


def silence_logs() -> None:
    """Silence the logs of pyinfra and paramiko: Torchard prints the reason itself."""
    for name in ("pyinfra", "paramiko"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False


def explain_error(error: BaseException, mac: MacHost) -> str:
    """Explain in a sentence why a Mac is unreachable, and what to do about it."""
    if isinstance(error, TorchardError):
        return str(error)
    if isinstance(error, ConnectError):
        # Its text is for pyinfra's log; the error before it says more.
        return explain_connect_error(error.__context__ or error, mac)
    if isinstance(error, PyinfraError):
        return redact(str(error))
    if isinstance(error, ReachError):
        return str(error)
    if mac.connection == "ssh" and isinstance(error, (OSError, EOFError, SSHException)):
        return explain_lost_connection(mac)
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {_text(error)}"
    return explain_bug(error)


def explain_bug(error: BaseException) -> str:
    """Explain an error that Torchard did not expect of a Mac, and how to report it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "torchard" in Path(one.filename).parts] or frames
    place = f", {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    text = shorten(_text(error), 1)
    return (
        f"Torchard cannot handle what this Mac answered ({type(error).__name__}: {text}{place});"
        " this is an error in Torchard. Report it with that line and your version"
        " (`torchard --version`)"
    )


def explain_lost_connection(mac: MacHost) -> str:
    """Explain that the connection was lost, and that the work goes on."""
    return (
        f"the connection to {_address(mac)} was lost; its step goes on by itself, and"
        " the same command again waits for it and does the rest"
    )


def require_config(mac: MacHost) -> None:
    """Raise TorchardError if an ssh_config does not exist: pyinfra would go on without it."""
    config = mac.ssh.config
    if config is not None and not Path(config).expanduser().is_file():
        raise TorchardError(f"the ssh_config {config} does not exist; write another ssh.config")


def explain_connect_error(error: BaseException, mac: MacHost) -> str:
    """Explain why there is no connection to a Mac, from the error in pyinfra's connector."""
    address, text = _address(mac), _text(error)
    if isinstance(error, UnknownHostKeyError):
        return f"{text}; if that is the host's own, run `{_trust(mac)}`"
    if isinstance(error, ChangedHostKeyError):
        return f"{text} and `{_trust(mac)}`"
    if isinstance(error, HostKeyError):
        return text
    if isinstance(error, DeniedError):
        return f"{error}; run `{_ssh_copy_id(mac)}`" if not error.notes else str(error)
    if isinstance(error, ReachError):
        return str(error)
    if isinstance(error, AuthenticationException):
        return f"{address} accepts none of your keys; run `{_ssh_copy_id(mac)}`"
    return explain_dial_error(error, address)


def _address(mac: MacHost) -> str:
    address = mac.address or mac.name
    return address if mac.ssh.port is None else f"{address}:{mac.ssh.port}"


def _login(mac: MacHost) -> str:
    address = mac.address or mac.name
    return address if mac.ssh.user is None else f"{mac.ssh.user}@{address}"


def _trust(mac: MacHost) -> str:
    lab = [] if mac.where.file in {"", str(find_default_lab())} else [mac.where.file]
    return shlex.join(["torchard", "keys", "trust", mac.name, *lab])


def _ssh_copy_id(mac: MacHost) -> str:
    words = ["ssh-copy-id", *(["-i", mac.ssh.key] if mac.ssh.key else [])]
    words += ["-p", str(mac.ssh.port)] if mac.ssh.port is not None else []
    return shlex.join([*words, _login(mac)])


def _text(error: BaseException) -> str:
    return redact(str(error)) or type(error).__name__

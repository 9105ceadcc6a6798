"""OpenSSH's configuration: the file that Torchard gives to `ssh`, and what `ssh -G` answers. Pure.

OpenSSH itself evaluates the configuration. Torchard only writes a file whose rules come first, and
reads the result. So `Match`, `Include`, `%` tokens and canonical names mean what they mean to ssh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha1
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CONNECT_SECONDS = 10
MOST_HOPS = 8
NEVER_JUMP = "none"

# ssh uses the first value that it reads of an option, so nothing that follows changes these. They
# are in a file because `-o` does not reach the ssh that dials a jump host; `-F` does.
RULES = (
    ("BatchMode", "yes"),
    ("StrictHostKeyChecking", "yes"),
    ("VerifyHostKeyDNS", "no"),
    ("NoHostAuthenticationForLocalhost", "no"),
    ("UpdateHostKeys", "no"),
    ("PermitLocalCommand", "no"),
    ("RemoteCommand", "none"),
    ("RequestTTY", "no"),
    ("ForwardAgent", "no"),
    ("ForwardX11", "no"),
    ("Tunnel", "no"),
    ("ClearAllForwardings", "yes"),
    ("ControlMaster", "no"),
    ("ControlPath", "none"),
    ("ControlPersist", "no"),
    ("SessionType", "default"),
    ("ForkAfterAuthentication", "no"),
    ("StdinNull", "no"),
    ("ConnectTimeout", str(CONNECT_SECONDS)),
    ("ServerAliveInterval", "10"),
)
# ssh collects the values of SendEnv, and this drops all that it has collected: it has to come last.
# A lab's file could else send the variables of this computer, such as tokens, to a Mac.
LAST_RULE = "SendEnv -*"
# OpenSSH 8.1 of macOS 11 and 8.6 of macOS 12 lack these (release notes of OpenSSH 8.7).
NEWER = ("SessionType", "ForkAfterAuthentication", "StdinNull")
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._@+:,=-]*")
_BAD_OPTION = re.compile(r"Bad configuration option: (\w+)", re.IGNORECASE)


class ConfigError(ValueError):
    """The answer of `ssh -G` is incomplete."""


@dataclass(frozen=True)
class Destination:
    """One host as a person would type it to ssh, with the lab's settings for it.

    `jump` is the value of `ssh -J`; with None, the configuration decides. `config` is the lab's
    own ssh_config, which ssh reads instead of the account's and the system's.
    """

    host: str
    user: str | None = None
    port: int | None = None
    key: str | None = None
    config: str | None = None
    jump: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments after `ssh -F FILE`; the host is the last, and is never an option."""
        said = (("-p", self.port), ("-l", self.user), ("-i", self.key), ("-J", self.jump))
        options = [word for name, value in said if value is not None for word in (name, str(value))]
        return (*options, "--", self.host)


@dataclass(frozen=True)
class EffectiveConfig:
    """What `ssh` would do to reach one host.

    Paths are as ssh prints them: those of identities and of the agent may contain `~` and `%`.
    `agent` is its socket, without a value if SSH_AUTH_SOCK names it. The known_hosts files are one
    text each, with spaces between the paths; ssh does not quote them. `authentications` is empty
    for ssh's own order.
    """

    host: str
    hostname: str
    port: int
    user: str
    identities: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    identities_only: bool = False
    agent: str | None = None
    alias: str | None = None
    user_known_hosts: str = ""
    global_known_hosts: str = ""
    known_hosts_command: str | None = None
    revoked: str | None = None
    hash_known_hosts: bool = False
    check_ip: bool = False
    host_key_algorithms: tuple[str, ...] = ()
    kex: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    pubkey_algorithms: tuple[str, ...] = ()
    jump: str | None = None
    proxy_command: str | None = None
    passes_descriptor: bool = False
    family: str = "any"
    bind_address: str | None = None
    bind_interface: str | None = None
    pubkey: bool = True
    gssapi: bool = False
    authentications: tuple[str, ...] = ()
    pkcs11: str | None = None
    rsa_bits: int = 0

    @property
    def address(self) -> str:
        """The host as messages name it, with its port unless that is 22."""
        name = f"[{self.hostname}]" if ":" in self.hostname and self.port != 22 else self.hostname
        return name if self.port == 22 else f"{name}:{self.port}"

    @property
    def entry(self) -> str:
        """The name that known_hosts has for this host."""
        if self.alias is not None:
            return self.alias
        return name_entry(self.hostname, self.port)

    @property
    def target(self) -> str:
        """The argument of `ssh -W`."""
        return f"[{self.hostname}]:{self.port}"


def name_entry(hostname: str, port: int) -> str:
    """Return the name that known_hosts has for a host at a port."""
    return hostname if port == 22 else f"[{hostname}]:{port}"


def render_config(includes: Iterable[str], unknown: Iterable[str] = ()) -> str:
    """Return the text for `ssh -F`: the rules for every hop, the included files, the last rule.

    `unknown` are options, in any case, that this machine's ssh does not have. The text does not
    use `IgnoreUnknown`: ssh uses its first value only, so ours would undo a person's own.
    """
    without = {one.lower() for one in unknown}
    lines = [f"  {name} {value}" for name, value in RULES if name.lower() not in without]
    lines += [*(f"  Include {path}" for path in includes), f"  {LAST_RULE}"]
    return "\n".join(["Host *", *lines, ""])


def is_link_needed(path: str) -> bool:
    """Tell whether an Include needs a link for a path, as ssh would misread the path itself."""
    return not _PLAIN_PATH.fullmatch(path)


def find_unknown_rule(said: str) -> str | None:
    """Return the rule of ours that an older ssh rejects, if it rejects one."""
    found = _BAD_OPTION.search(said)
    ours = {name.lower() for name in NEWER}
    return found[1].lower() if found and found[1].lower() in ours else None


def parse_answer(host: str, answer: str) -> EffectiveConfig:
    """Read what `ssh -G` printed for a host. Raise ConfigError if it is incomplete."""
    said: dict[str, list[str]] = {}
    for line in answer.splitlines():
        key, _, value = line.partition(" ")
        said.setdefault(key.lower(), []).append(value)

    def one(key: str) -> str | None:
        value = said.get(key, [""])[0]
        return None if value.lower() in {"", "none"} else value

    def names(key: str) -> tuple[str, ...]:
        return tuple(filter(None, (one(key) or "").split(",")))

    def is_on(key: str, default: str = "no") -> bool:
        return (one(key) or default).lower() not in {"no", "false"}

    hostname, user, port = one("hostname"), one("user"), one("port")
    if hostname is None or user is None or port is None or not port.isdecimal():
        raise ConfigError("`ssh -G` did not say which host, account and port it would use")
    agent = said.get("identityagent", [""])[0]
    return EffectiveConfig(
        host=host,
        hostname=hostname.lower(),
        port=int(port),
        user=user,
        identities=tuple(said.get("identityfile", ())),
        certificates=tuple(said.get("certificatefile", ())),
        identities_only=is_on("identitiesonly"),
        agent=None if agent in {"", "SSH_AUTH_SOCK"} else agent,
        alias=one("hostkeyalias"),
        user_known_hosts=one("userknownhostsfile") or "",
        global_known_hosts=one("globalknownhostsfile") or "",
        known_hosts_command=one("knownhostscommand"),
        revoked=one("revokedhostkeys"),
        hash_known_hosts=is_on("hashknownhosts"),
        check_ip=is_on("checkhostip"),
        host_key_algorithms=names("hostkeyalgorithms"),
        kex=names("kexalgorithms"),
        ciphers=names("ciphers"),
        macs=names("macs"),
        pubkey_algorithms=names("pubkeyacceptedalgorithms") or names("pubkeyacceptedkeytypes"),
        jump=one("proxyjump"),
        proxy_command=one("proxycommand"),
        passes_descriptor=is_on("proxyusefdpass"),
        family=one("addressfamily") or "any",
        bind_address=one("bindaddress"),
        bind_interface=one("bindinterface"),
        pubkey=is_on("pubkeyauthentication", "yes"),
        gssapi=is_on("gssapiauthentication"),
        authentications=names("preferredauthentications"),
        pkcs11=one("pkcs11provider"),
        rsa_bits=int(one("requiredrsasize") or 0),
    )


def use_lab_key(effective: EffectiveConfig, key: str) -> EffectiveConfig:
    """Return the same with the lab's key instead of all others."""
    return replace(effective, identities=(key,), certificates=(), identities_only=True)


def split_hops(jump: str, config: str | None) -> tuple[Destination, ...]:
    """Return the hosts of a ProxyJump in the order of dialling.

    ssh reaches each through those before it, as with `ssh -J A,B`. The first follows its own
    configuration.
    """
    words = jump.split(",")
    return tuple(
        replace(_hop(word), config=config, jump=",".join(words[:number]) or None)
        for number, word in enumerate(words)
    )


def _hop(word: str) -> Destination:
    """Read `[user@]host[:port]`, with an IPv6 address in brackets, or an ssh:// URI."""
    user, _, place = word.removeprefix("ssh://").rstrip("/").rpartition("@")
    found = re.fullmatch(
        r"\[(?P<v6>[^\]]*)\](?::(?P<p6>\d+))?|(?P<name>[^:]*):(?P<port>\d+)", place
    )
    if found is None:
        return Destination(place, user or None)
    port = found["p6"] or found["port"]
    return Destination(found["v6"] or found["name"], user or None, int(port) if port else None)


def read_host(word: str) -> str:
    """Return the host of `[user@]host[:port]`."""
    return _hop(word).host


def find_tokens(effective: EffectiveConfig, local: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the `%` tokens of ssh_config.

    `local` has `d` (the home), `i` (the number of the user), `l` (this machine's name) and `u`
    (the user's name).
    """
    named = {
        "%": "%",
        "h": effective.hostname,
        "j": effective.jump or "",
        "k": effective.alias or effective.host,
        "L": local["l"].partition(".")[0],
        "n": effective.host,
        "p": str(effective.port),
        "r": effective.user,
        **local,
    }
    text = "".join(named[one] for one in "lhprj")
    return {**named, "C": sha1(text.encode(), usedforsecurity=False).hexdigest()}


def expand(text: str, known: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return a path or command with its `%` tokens, `${NAME}` and a leading `~/` filled in.

    An unknown token stays as it is: ssh would stop there, and the file will not exist.
    """
    if text == "~" or text.startswith("~/"):
        text = known["d"] + text[1:]
    text = re.sub(r"\$\{(\w+)\}", lambda found: environment.get(found[1], found[0]), text)
    return re.sub(r"%(.)", lambda found: known.get(found[1], found[0]), text)


def split_paths(text: str, exists: Sequence[str] | frozenset[str]) -> tuple[str, ...]:
    """Return the paths of a list that ssh printed without quotes.

    A path may contain spaces. So the longest run of words that is a file in `exists` is one path.
    """
    words = text.split(" ")
    paths: list[str] = []
    while words:
        for count in range(len(words), 0, -1):
            path = " ".join(words[:count])
            if path in exists or count == 1:
                paths.append(path)
                del words[:count]
                break
    return tuple(filter(None, paths))


def join_words(text: str) -> frozenset[str]:
    """Return every run of neighbouring words of a text: the paths that it may contain."""
    words = text.split(" ")
    ends = range(len(words) + 1)
    return frozenset(" ".join(words[a:b]) for a in ends for b in ends if a < b)


def find_common(wanted: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Return the algorithms that both know, in the order of `wanted`; all of `ours` without it."""
    same = {"curve25519-sha256": "curve25519-sha256@libssh.org"}  # two names of one exchange
    names = [one if one in ours else same.get(one, one) for one in wanted]
    return list(dict.fromkeys(one for one in names if one in ours)) if wanted else list(ours)

"""Files of up to 1 MiB that try to hang or crash their reader, or to fill its memory.

`python hostile.py DIRECTORY` reads each file in its own process. It prints a line of JSON for each:
the messages or the error, the function calls and the MiB that it took. The costly ones are read at
an eighth and at a sixteenth of their size: the calls for both bound the calls for the whole.
`python hostile.py DIRECTORY whole` reads those at their full size as well.
"""

from __future__ import annotations

import cProfile
import json
import os
import resource
import sys
import traceback
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[], object]

MIB = 1 << 20
# Limits for one file. The address space also holds libraries and malloc's reserve for threads, so
# its limit is high: only a runaway process reaches it. packaging 25 needs 6.4 million calls for one
# file, and later versions fewer.
CALLS, MEBIBYTES, ADDRESSES = 8_000_000, 200, 2 << 30
HANG = 300  # seconds of CPU time, after which a reader that never ends is killed

# Costly files, whose work grows with their size, and no faster. They are read in these parts, 1/N.
PARTS = (16, 8)
COSTLY = (
    "lab: Anaconda's channels", "lab: Macs of many groups", "lab: Macs of one address",
    "lab: Macs without an address", "lab: addresses", "lab: environments without python",
    "lab: equal lists", "lab: host names", "lab: invalid names", "lab: match specs",
    "lab: requirements", "lab: whole requirements", "plan: Macs that were edited",
    "settings: many items",
)  # fmt: skip
reading = SimpleNamespace(part=1)

MACS, MAC = b"macs:\n", b"macs: {m: "
PACKAGES = b"macs: {m: }\nenvironments: {e: {python: '3.12', "


def filled(unit: bytes, head: bytes = b"", tail: bytes = b"", size: int = MIB) -> bytes:
    """Repeat a text until the whole is as large as a file may be, or the part of it to read."""
    size //= reading.part
    return head + unit * ((size - len(head) - len(tail)) // len(unit)) + tail


def counted(
    unit: bytes, head: bytes = b"", tail: bytes = b"", size: int = MIB, most: int = MIB
) -> bytes:
    """Do so with a number in place of each %d, at most `most` times."""
    size, most = size // reading.part, most // reading.part
    parts: list[bytes] = []
    room = size - len(head) - len(tail)
    for number in count():
        part = unit.replace(b"%d", b"%d" % number)
        room -= len(part)
        if room < 0 or number == most:
            return head + b"".join(parts) + tail
        parts.append(part)
    raise AssertionError


LABS: dict[str, Callable[[], bytes]] = {
    # Expensive for a parser.
    "billion laughs": lambda: b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (one, one, b",".join([b"*%c" % (one - 1)] * 9))
        for one in range(98, 123)
    ),
    "aliases": lambda: filled(b"*a,", b"[", b"]"),
    "an anchor as long as the file": lambda: b"&" + b"a" * (MIB - 3) + b" x",
    "tags": lambda: filled(b"!a x,", b"[", b"]"),
    "a long tag": lambda: filled(b"%41", b"macs: !<", b"> x"),
    "merges": lambda: filled(b"<<: 1\n"),
    "documents": lambda: filled(b"---\n"),
    "directives": lambda: filled(b"%a b\n"),
    # Depth and length.
    "brackets": lambda: filled(b"["),
    "braces": lambda: filled(b"{a: "),
    "dashes": lambda: filled(b"- "),
    "question marks": lambda: filled(b"? "),
    "steps": lambda: b"\n".join(b" " * depth + b"a:" for depth in range(1400)),
    "one long line": lambda: filled(b"x", b"macs: "),
    "one long quote": lambda: filled(b"x", b"macs: '", b"'"),
    "an open quote": lambda: filled(b"x\n", b'"'),
    "a long key": lambda: filled(b"k", MACS + b"? ", b"\n: 1\n"),
    "escapes": lambda: filled(b"\\x41", b'macs: "', b'"'),
    "a long block": lambda: filled(b" x\n", b"macs: |\n"),
    "comments": lambda: filled(b"#\n"),
    # Bytes.
    "NULs": lambda: filled(b"\0"),
    "tabs": lambda: filled(b"\t\n", MACS),
    "carriage returns": lambda: filled(b"\r"),
    "no UTF-8": lambda: filled(b"\xff"),
    "no UTF-8 at the end": lambda: filled(b"\n", b"", b"\xff"),
    "byte order marks": lambda: filled(b"\xef\xbb\xbf"),
    "UTF-16": lambda: filled("macs:\n".encode("utf-16-le"), b"\xff\xfe"),
    "UTF-32": lambda: filled("macs:\n".encode("utf-32-be"), b"\0\0\xfe\xff"),
    "bidi marks": lambda: filled("\u202e".encode()),
    # Very many keys and values.
    "keys": lambda: counted(b"%d:\n"),
    "empty pairs": lambda: filled(b"?,", b"{", b"}"),
    "equal keys": lambda: filled(b"a: 1\n"),
    "Macs": lambda: counted(b" m%d:\n", MACS),
    "as many Macs as there may be": lambda: counted(b" m%d:\n", MACS, most=9_990),
    "Macs without an address": lambda: counted(b" %d: {}\n", MACS, most=6_600),
    "Macs of one address": lambda: counted(b" m%d: {address: a}\n", MACS, most=4_900),
    "invalid names": lambda: counted(b" -%d: 1\n", MACS, most=9_990),
    "misspelt keys": lambda: counted(b" m%d: {adress: x}\n", MACS, most=4_900),
    "unknown keys of one Mac": lambda: counted(b"k%d: 1,", MAC + b"{", b"}}", most=9_900),
    "misspelt groups": lambda: counted(
        b" m%d: {groups: [studio-of-the-univeristy-department-nmuber-9%d]}\n",
        counted(b" studio-of-the-university-department-number-1%d:\n", b"groups:\n", most=4_000)
        + MACS,
        most=3_000,
    ),
    "groups of many channels": lambda: counted(
        b" m%d: {groups: [g]}\n",
        counted(b"c%d,", b"groups: {g: {channels: [", b"]}}\n", most=9_000) + MACS,
        most=2_400,
    ),
    "Macs of many groups": lambda: counted(
        b" m%d: {groups: [" + b",".join(b"g%d" % number for number in range(99)) + b"]}\n",
        b"groups:\n" + b"".join(b" g%d:\n" % number for number in range(99)) + MACS,
        most=190,
    ),
    "environments": lambda: counted(
        b" e%d: {python: '3.12', conda: [a, b, c, d]}\n",
        b"macs: {m: }\nenvironments:\n",
        most=1_700,
    ),
    "environments without python": lambda: counted(
        b" e%d:\n", b"macs: {m: }\nenvironments:\n", most=9_980
    ),
    "channels of every type": lambda: filled(
        b"1,a,null,{a: 1},[],", MAC + b"{channels: [", b"]}}", size=60_000
    ),
    "equal lists": lambda: filled(b"[],", MAC + b"{channels: [", b"]}}", size=59_000),
    "Anaconda's channels": lambda: counted(
        b" m%d: {channels: [defaults,main,r,free]}\n", MACS, most=2_400
    ),
    "numbers": lambda: filled(b"9" * 18 + b",", b"[", b"]"),
    "one huge number": lambda: filled(b"9", b"macs: "),
    "a huge exponent": lambda: filled(b"9", b"macs: 1e"),
    # Expensive for a regular expression.
    "URLs in one text": lambda: filled(b"://", MAC + b"{'", b"': 1}}"),
    "tokens in one text": lambda: filled(b"/t/", MAC + b"{address: '", b"'}}"),
    "match specs": lambda: counted(
        b"'p%d<1," + b" " * 180 + b"!',", PACKAGES + b"conda: [", b"]}}", most=19_000
    ),
    "requirements": lambda: counted(
        b"'p%d" + b"1." * 140 + b"%',", PACKAGES + b"pip: [", b"]}}", most=19_000
    ),
    "whole requirements": lambda: counted(
        b"'p%d[a,b]>=1,<2; python_version > \"3\"',", PACKAGES + b"pip: [", b"]}}", most=19_000
    ),
    "addresses": lambda: counted(b" m%d: {address: '" + b"a:" * 110 + b"!'}\n", MACS),
    "host names": lambda: counted(b" m%d: {address: '" + b"a-" * 120 + b"!'}\n", MACS),
    "a prefix": lambda: filled(b"/a", MAC + b"{miniconda: {prefix: '", b"!'}}}"),
    "a URL": lambda: filled(b"/a", MAC + b"{mirrors: {wheels: 'https://a", b"!'}}}"),
}  # fmt: skip

KIB = 16 * 1024
SETTINGS: dict[str, Callable[[], bytes]] = {
    "signs": lambda: filled(b"-", b"a=", b"1", KIB),
    "sums": lambda: filled(b"+1", b"a=1", size=KIB),
    "conditions": lambda: filled(b"1 if 1 else ", b"a=", b"1", KIB),
    "parentheses": lambda: filled(b"(", b"a=", size=KIB),
    "calls": lambda: filled(b"()", b"a=x", size=KIB),
    "lambdas": lambda: filled(b"lambda:", b"a=", b"1", KIB),
    "powers": lambda: filled(b"**9", b"a=9", size=KIB),
    "a huge hexadecimal number": lambda: filled(b"f", b"ssh={'port':0x", b"}", KIB),
    "a huge number": lambda: filled(b"9", b"ssh={'port':", b"}", KIB),
    "many items": lambda: filled(b"1,", b"channels=[", b"]", KIB),
    "many assignments": lambda: filled(b"a=1\n", size=KIB),
    "a set": lambda: b"channels={1,2}",
    "bytes": lambda: b"ssh={'user': b'x'}",
    "a complex number": lambda: b"ssh={'port': 1+2j}",
    "an ellipsis": lambda: b"channels=...",
    "a number as a key": lambda: b"ssh={1: 2}",
    "nothing as a key": lambda: b"mirrors={'conda': {None: 'https://a'}}",
    "infinity": lambda: b"ssh={'port': 1e999}",
    "half a character": lambda: b"ssh={'\\ud800': '\\ud800'}",
    "an unknown encoding": lambda: b"# -*- coding: rot13 -*-\nffu={}\n",
    "an import": lambda: b"import os; os.mkdir('made')",
    "a call": lambda: b"ssh=[__import__('os').mkdir('made')]",
    "NULs": lambda: b"ssh='\0'",
    "no UTF-8": lambda: filled(b"\xff", size=KIB),
    "more than it may hold": lambda: filled(b"#\n"),
}

LOCKS: dict[str, Callable[[], bytes]] = {
    "brackets": lambda: filled(b"["),
    "braces": lambda: filled(b'{"a":'),
    "lists": lambda: filled(b"[],", b"[", b"[]]"),
    "keys": lambda: counted(b'"%d":1,', b"{", b'"a":1}'),
    "a long key": lambda: filled(b"k", b'{"', b'": 1}'),
    "a long text": lambda: filled(b"x", b'"', b'"'),
    "a huge number": lambda: filled(b"9"),
    "numbers": lambda: filled(b"9,", b"[", b"9]"),
    "no numbers": lambda: b'{"format": NaN}',
    "UTF-16": lambda: filled(b"[\0"),
    "NULs": lambda: filled(b"\0"),
    "half a character": lambda: b'{"\\ud800": "\\udfff"}',
    "more than it may hold": lambda: filled(b" ", size=5 * MIB),
}

PLAN = b'{"format": 2, "kind": "plan", "summary": {}, "macs": {'
PLANS: dict[str, Callable[[], bytes]] = {
    **{name: LOCKS[name] for name in ("brackets", "braces", "lists", "a huge number", "NULs")},
    "invalid Macs": lambda: counted(b'"%d":1,', PLAN, b'"a":1}}'),
    "Macs that were edited": lambda: counted(
        b'"%d":1,', PLAN, b'"a":1},"saved":{"seals":{},"preconditions":{}}}'
    ),
    "a Mac of depth": lambda: filled(b"[", PLAN + b'"m":', b"]" * 900 + b"}}", size=2_000),
    "half a character": lambda: (
        PLAN + b'"\\ud800": 1}, "saved": {"seals": {}, "preconditions": {}}}'
    ),
}


def bounded(work: Callable[[], str]) -> dict[str, object]:
    """Call a function in its own process; return its answer, its calls and its MiB."""
    says, hears = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CPU, (HANG, HANG))
        profile = cProfile.Profile(builtins=False)
        try:
            said = {"said": profile.runcall(work)}
        except BaseException:  # noqa: BLE001  # that is what is looked for
            said = {"crash": traceback.format_exc()[-2000:]}
        calls = sum(one.callcount for one in profile.getstats())
        with os.fdopen(hears, "w") as pipe:
            json.dump({**said, "calls": calls}, pipe)
        os._exit(0)
    os.close(hears)
    with os.fdopen(says) as pipe:
        text = pipe.read()
    _, status, used = os.wait4(child, 0)
    said = json.loads(text) if text else {"crash": f"its process ended with status {status}"}
    scale = MIB if sys.platform == "darwin" else 1024
    return {**said, "mib": used.ru_maxrss / scale}


def main() -> None:
    """Read each file as its kind."""
    from torchard.lab.load import LabError, load_lab  # noqa: PLC0415
    from torchard.lock.codec import read_lock  # noqa: PLC0415
    from torchard.lock.lockfile import LockFileError  # noqa: PLC0415
    from torchard.plan.planfile import PlanFileError, read  # noqa: PLC0415

    os.chdir(sys.argv[1])
    path, good = Path("text"), Path("good.yaml")
    good.write_text("macs: {m: }\nenvironments: {e: {python: '3.12', pip: [a]}}\n")
    readers: dict[str, tuple[dict[str, Callable[[], bytes]], Reader]] = {
        "lab": (LABS, lambda: load_lab(path)),
        "settings": (SETTINGS, lambda: load_lab(good, group_data=path)),
        "lock": (LOCKS, lambda: read_lock(path)),
        "plan": (PLANS, lambda: read(path)),
    }
    load_lab(good)  # what is imported late, is imported once
    whole = sys.argv[2:] == ["whole"]
    for kind, (files, reader) in readers.items():
        for name, content in files.items():

            def work(content: Callable[[], bytes] = content, reader: Reader = reader) -> str:
                path.write_bytes(content())
                try:
                    reader()
                except (LabError, LockFileError, PlanFileError) as error:
                    return str(error)
                return ""

            file = f"{kind}: {name}"
            for part in (*PARTS, *([1] if whole else [])) if file in COSTLY else (1,):
                reading.part = part
                print(json.dumps({"file": file, "part": part, **bounded(work)}), flush=True)


if __name__ == "__main__":
    main()

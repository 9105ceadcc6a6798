"""Feed what reads other people's files with texts that no one thought of: `make fuzz`.

    python tests/fuzz/fuzz_readers.py [SECONDS] [OPTION OF LIBFUZZER]...

atheris changes texts and keeps those that reach lines which none before has reached. The first byte
of a text says whose it is: a lab file's, group_data's, or a lock's. What it finds lies in
.fuzz/found, what it has learnt in .fuzz/corpus; the next run goes on from there.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit(
        "There is no atheris here: it is for CPython 3.10 and newer on Linux with an x86_64"
        " processor. `make test` has the tests of the readers that need none."
    )

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
with atheris.instrument_imports(include=["torchard", "yaml"]):
    import yaml

    from torchard.lab.load import LabError, load_lab
    from torchard.lab.yaml_source import parse_yaml
    from torchard.lock.codec import read_lock
    from torchard.lock.lockfile import LockFileError

OURS = ROOT / ".fuzz"
SECONDS = 60
LIMIT = 5  # seconds for one text, with what counts lines: it takes a fifth without
MEBIBYTES = 512  # likewise
LAB, SETTINGS, LOCK = b"\0\1\2"
RUNS = ("exec", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect")
work = Path(tempfile.mkdtemp(prefix="torchard-fuzz-"))


def watch(event: str, _: object) -> None:
    """Cry where a reader runs what it reads."""
    if event in RUNS:
        raise AssertionError(f"a reader did what Python calls {event}")


def read(whose: int, text: bytes) -> None:
    """Read a text as the file that it claims to be; the errors are bounded."""
    path = work / "text"
    path.write_bytes(text)
    try:
        if whose == LOCK:
            read_lock(path)
        elif whose == SETTINGS:
            load_lab(work / "lab.yaml", group_data=path)
        else:
            load_lab(path)
    except (LabError, LockFileError) as error:
        said = str(error)
        assert said.replace("\n", "").isprintable()
        assert len(said) < 400_000
    if whose == LAB:
        fast, pure = parse_yaml(text, "lab"), parse_yaml(text, "lab", yaml.SafeLoader)
        assert fast.data == pure.data or not (fast.readable and pure.readable)


def one(data: bytes) -> None:
    """Read what atheris made up."""
    read(data[0] % 3 if data else LAB, data[1:])


def seeds() -> None:
    """Put down texts of every kind to begin from, and the words that they are made of."""
    (work / "lab.yaml").write_text("macs: {m: }\n", encoding="utf-8")
    corpus = OURS / "seeds"
    for folder in (corpus, OURS / "corpus", OURS / "found"):
        folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "tests/labs").rglob("*.yaml"):
        (corpus / path.name).write_bytes(bytes([LAB]) + path.read_bytes())
    settings = ROOT / "group_data/all.py"
    (corpus / "all.py").write_bytes(bytes([SETTINGS]) + settings.read_bytes())
    lock = json.loads((ROOT / "schemas/lock.schema.json").read_text(encoding="utf-8"))
    (corpus / "lock.json").write_bytes(bytes([LOCK]) + json.dumps(lock["examples"][0]).encode())
    lab = (ROOT / "schemas/lab.schema.json").read_text(encoding="utf-8")
    words = sorted({*keys(json.loads(lab)), *keys(lock["properties"]), "&a", "*a", "!!str", "<<"})
    (OURS / "words").write_text("".join(f'"{word}"\n' for word in words), encoding="utf-8")


def keys(schema: object) -> set[str]:
    """Return the keys and words that a schema knows."""
    found: set[str] = set()
    if isinstance(schema, dict):
        found |= set(schema.get("properties", ()))
        found |= {word for word in schema.get("enum", ()) if isinstance(word, str)}
        found |= {word for value in schema.values() for word in keys(value)}
    return found


def main() -> None:
    """Fuzz for so many seconds."""
    given = sys.argv[1:]
    seconds = given.pop(0) if given and given[0].isdecimal() else str(SECONDS)
    seeds()
    for seed in (OURS / "seeds").iterdir():
        one(seed.read_bytes())  # what is imported late, is imported now
    sys.addaudithook(watch)
    options = [
        *(f"-max_total_time={seconds}", f"-timeout={LIMIT}", f"-rss_limit_mb={MEBIBYTES}"),
        *("-max_len=65536", f"-dict={OURS / 'words'}", f"-artifact_prefix={OURS / 'found'}/"),
        *("-print_final_stats=1", *given, str(OURS / "corpus"), str(OURS / "seeds")),
    ]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

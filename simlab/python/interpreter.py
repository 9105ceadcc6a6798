"""A CPython that answers for a simulated Mac, started as `HOST -I -S start.py …`.

Arguments: the version to answer with (X.Y.Z), the arch that the python was built for, the path it
was called by, and then what a person gives to `python`. Its own standard library stays the host's;
versions, paths, platform and everything that pip and packaging compute tags from are the Mac's.
"""

from __future__ import annotations

import gc
import os
import sys
import types

from .modules import REAL_VERSION, Stand, change

USAGE = "usage: python [-BEIPSbsu] [-W arg] [-X opt] [-c cmd | -m mod | file | -] [arg] ..."
IGNORED = "bdqvOR"  # of no consequence for what a simulated package does


class VersionInfo(tuple):
    """A stand-in for sys.version_info, whose own type cannot be created."""

    __slots__ = ()
    major = property(lambda self: self[0])
    minor = property(lambda self: self[1])
    micro = property(lambda self: self[2])
    releaselevel = property(lambda self: self[3])
    serial = property(lambda self: self[4])

    def __repr__(self) -> str:
        names = ("major", "minor", "micro", "releaselevel", "serial")
        pairs = (f"{name}={value!r}" for name, value in zip(names, self, strict=True))
        return f"sys.version_info({', '.join(pairs)})"


class Options:
    """What the command line asks for."""

    def __init__(self, arguments: list[str]) -> None:
        """Read the options up to the first operand, as CPython does; exit 2 for an unknown one."""
        self.flags: set[str] = set()
        self.warnings: list[str] = []
        self.kind, self.what = "stdin", ""
        rest = list(arguments)
        while rest and self.kind == "stdin":
            word = rest.pop(0)
            if word == "-" or not word.startswith("-"):
                self.kind, self.what = ("stdin", "-") if word == "-" else ("file", word)
                rest.insert(0, word)
                break
            if word == "--":
                continue
            if word.startswith("--"):
                self.flags.add({"--version": "V", "--help": "h"}.get(word, word))
            else:
                self._short(word[1:], rest)
        self.arguments = rest

    def _short(self, letters: str, rest: list[str]) -> None:
        for index, letter in enumerate(letters):
            if letter not in "cmWX":
                self.flags.add(letter)
                continue
            value = letters[index + 1 :] or (rest.pop(0) if rest else None)
            if value is None:
                print(f"Argument expected for the -{letter} option\n{USAGE}", file=sys.stderr)
                sys.exit(2)
            if letter == "W":
                self.warnings.append(value)
            elif letter in "cm":
                self.kind, self.what = {"c": "command", "m": "module"}[letter], value
            return


def read_mac(prefix: str) -> dict[str, object]:
    """Read mac.json, the first above the prefix, or else the one beside HOME; add its folder."""
    folder = os.path.realpath(prefix)
    beside = os.path.join(os.path.dirname(os.environ.get("HOME", "/").rstrip("/")), "mac.json")
    while folder != "/" and not os.path.isfile(os.path.join(folder, "mac.json")):
        folder = os.path.dirname(folder)
    path = os.path.join(folder, "mac.json") if folder != "/" else beside
    for attempt in range(40, 0, -1):
        try:
            with open(path, encoding="utf-8") as file:
                return {**parse(file.read()), "root": os.path.dirname(os.path.realpath(path))}
        except (OSError, ValueError) as error:  # somebody may just be writing it
            if attempt == 1 or isinstance(error, OSError):
                sys.exit(f"simlab: this python belongs to a simulated Mac, and {path}: {error}")
            import time

            time.sleep(0.05)
    raise AssertionError("the last attempt returns or ends")


def parse(text: str) -> dict[str, object]:
    """Parse JSON by the C part of the json module alone, whose Python part takes long to import."""
    options = types.SimpleNamespace(
        strict=True, object_hook=None, object_pairs_hook=None, memo={},
        parse_float=float, parse_int=int, parse_constant=float,
    )  # fmt: skip
    try:
        from _json import make_scanner
    except ImportError:
        from json import loads

        return loads(text)
    try:
        return make_scanner(options)(text, 0)[0]
    except StopIteration as error:
        raise ValueError("it is not JSON") from error


def become(version: str, arch: str, executable: str, mac: dict[str, object]) -> None:
    """Answer for the Mac from here on, before anything that asks is imported."""
    major, minor, micro = map(int, version.split("."))
    prefix = os.path.dirname(os.path.dirname(os.path.abspath(executable)))
    sys.executable = sys._base_executable = os.path.abspath(executable)
    # Open as long as it runs, as the executable of a python is; what it starts does not inherit it.
    sys._simlab_text = os.open(os.path.realpath(executable), os.O_RDONLY)
    sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = prefix
    sys.version_info = VersionInfo((major, minor, micro, "final", 0))
    sys.hexversion = (major << 24) | (minor << 16) | (micro << 8) | 0xF0
    # Without conda-forge's "| packaged by": only its own platform module can read that.
    sys.version = f"{version} (main, Jan  1 2026, 00:00:00) [Clang 19.1.7 (simulated)]"
    sys.implementation.version, sys.implementation.hexversion = sys.version_info, sys.hexversion
    sys.implementation._multiarch = "darwin"
    sys.platform, sys.platlibdir, sys.abiflags = "darwin", "lib", ""
    sys.meta_path.insert(0, Stand)

    macos = str(mac["macos"])
    first, second = (*map(int, macos.split(".")), 0)[:2]
    darwin = second + 4 if first == 10 else first + 9 if first < 26 else first - 1
    release = f"{darwin}.{second}.0"
    kernel = f"Darwin Kernel Version {release}: simulated by simlab"
    answer = os.uname_result(("Darwin", str(mac["name"]), release, kernel, arch))
    import posix

    posix.uname = os.uname = lambda: answer

    def answer_for_the_mac(platform: types.ModuleType) -> None:
        platform.mac_ver = lambda *_, **__: (compatible_macos(macos), ("", "", ""), arch)

    change("platform", answer_for_the_mac)
    home = os.path.join(str(mac["root"]), str(mac.get("home", "home")))
    has_links = mac.get("hard_links") is not False  # without, a volume cannot clone files either
    if not has_links:
        forbid_hard_links(home)

    def add_clonefile(ctypes: types.ModuleType) -> None:
        from . import clones

        clones.add_clonefile(ctypes, str(mac["root"]), "" if has_links else home)

    change("ctypes", add_clonefile)
    lay_out()


def compatible_macos(macos: str) -> str:
    """Return what macOS calls itself in a python that was built with the SDK of macOS 11 to 15.

    https://github.com/python/cpython/issues/135675
    """
    mode, major = os.environ.get("SYSTEM_VERSION_COMPAT"), int(macos.partition(".")[0])
    if mode == "1" and major >= 11:
        return "10.16"
    return macos if mode == "0" or major < 26 else "16.0"


def forbid_hard_links(home: str) -> None:
    """Let no hard link be made below a home whose volume has none, as SMB and exFAT have none."""
    import errno
    import posix

    real = posix.link

    def link(src: str, dst: str, **options: object) -> None:
        if os.path.realpath(os.path.dirname(os.fsdecode(dst)) or ".").startswith(home):
            raise OSError(errno.EOPNOTSUPP, "Operation not supported", src, None, dst)
        real(src, dst, **options)

    os.link = posix.link = link


def lay_out() -> None:
    """Keep packages where conda's python does; Debian's, for one, has other places."""
    packages = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

    def lay_out_site(site: types.ModuleType) -> None:
        site.getsitepackages = lambda prefixes=None: [f"{sys.prefix}/{packages}"]  # noqa: ARG005

    def lay_out_schemes(sysconfig: types.ModuleType) -> None:
        # Else pip asks the host's distutils, if there is one, when it sees a python before 3.10.
        sysconfig._PIP_USE_SYSCONFIG = True
        for name in ("posix_prefix", sysconfig.get_default_scheme()):
            sysconfig._INSTALL_SCHEMES[name].update(
                purelib=f"{{base}}/{packages}",
                platlib=f"{{platbase}}/{packages}",
                scripts="{base}/bin",
                data="{base}",
            )

    change("site", lay_out_site)
    change("sysconfig", lay_out_schemes)


def set_flags(options: Options) -> None:
    """Put into sys.flags what was asked for, instead of the host's -I -S."""
    isolated = "I" in options.flags
    names = [name for name in dir(sys.flags) if not name.startswith(("_", "n_"))]
    flags = {name: getattr(sys.flags, name) for name in names if name not in ("count", "index")}
    flags["isolated"] = int(isolated)
    flags["ignore_environment"] = int(isolated or "E" in options.flags)
    flags["no_user_site"] = int(isolated or "s" in options.flags)
    flags["no_site"] = int("S" in options.flags)
    flags["dont_write_bytecode"] = int("B" in options.flags)
    flags["safe_path"] = isolated or "P" in options.flags
    if not flags["no_site"]:
        import site  # under the host's flags: under these it would already act
    sys.flags = types.SimpleNamespace(**flags)
    environment = {} if flags["ignore_environment"] else os.environ
    sys.dont_write_bytecode = "B" in options.flags or bool(
        environment.get("PYTHONDONTWRITEBYTECODE")
    )
    if "u" in options.flags or environment.get("PYTHONUNBUFFERED"):
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(write_through=True, line_buffering=True)
    if options.warnings:
        import warnings

        sys.warnoptions[:] = options.warnings
        warnings._processoptions(options.warnings)
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    if not flags["no_site"]:
        site.main()


def compiled(source: str | bytes, name: str) -> types.CodeType:
    """Compile what the command line names, unless it is in syntax newer than the Mac's python.

    What is imported is not looked at, and the standard library is the host's, whatever it has.
    """
    version = sys.version_info[:2]
    if version < REAL_VERSION:
        import ast

        tree = ast.parse(source, name, feature_version=version)
        for node in tree.body:
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            if future and version < (3, 7) and any(one.name == "annotations" for one in node.names):
                raise SyntaxError("future feature annotations is not defined")
    return compile(source, name, "exec")


def run(options: Options) -> None:
    """Run what the command line names, as `__main__`."""
    main = types.ModuleType("__main__")
    main.__builtins__ = __builtins__
    main.__dict__.setdefault("__annotations__", {})
    sys.modules["__main__"] = main
    first = {"command": ["-c"], "module": ["-m"]}.get(options.kind, [])
    sys.argv[:] = [*first, *options.arguments] or [""]
    if not sys.flags.safe_path and options.kind != "file":
        sys.path.insert(0, os.getcwd() if options.kind == "module" else "")
    if options.kind == "command":
        exec(compiled(options.what, "<string>"), main.__dict__)  # noqa: S102
    elif options.kind == "module":
        import runpy

        runpy._run_module_as_main(options.what)
    elif options.kind == "file":
        run_file(options.what, main)
    elif sys.stdin.isatty():
        import code

        code.interact(banner=f"Python {sys.version} on darwin", local=main.__dict__)
    else:
        exec(compiled(sys.stdin.read(), "<stdin>"), main.__dict__)  # noqa: S102


def run_file(path: str, main: types.ModuleType) -> None:
    """Run a script, or the __main__ of a directory or archive."""
    if os.path.isdir(path):
        import runpy

        sys.path.insert(0, path)
        runpy._run_module_as_main("__main__", alter_argv=False)
        return
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        said = f"can't open file {os.path.abspath(path)!r}: {error}"
        print(f"{sys.executable}: {said}", file=sys.stderr)
        sys.exit(2)
    if content.startswith(b"PK"):
        import runpy

        runpy.run_path(path, run_name="__main__")
        return
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    main.__file__ = path
    exec(compiled(content, path), main.__dict__)  # noqa: S102


def start(version: str, arch: str, executable: str, arguments: list[str]) -> None:
    """Be the python of a Mac."""
    gc.set_threshold(50_000, 20, 20)  # a program that soon ends need not look for cycles
    options = Options(arguments)
    mac = read_mac(os.path.dirname(os.path.dirname(os.path.abspath(executable))))
    if arch == "arm64" and mac["arch"] != "arm64":
        print(f"{executable}: Bad CPU type in executable", file=sys.stderr)
        sys.exit(126)
    if "V" in options.flags:
        print(f"Python {version}")
        return
    if "h" in options.flags:
        print(USAGE)
        return
    unknown = options.flags - set("BEIPSsu" + IGNORED)
    if unknown:
        print(f"Unknown option: -{min(unknown)}\n{USAGE}", file=sys.stderr)
        sys.exit(2)
    home = "" if options.flags & {"I", "E"} else os.environ.get("PYTHONHOME", "")
    if home and not os.path.isdir(f"{home}/lib/python{version.rpartition('.')[0]}"):
        print(f"Python path configuration:\n  PYTHONHOME = {home!r}", file=sys.stderr)
        print("ModuleNotFoundError: No module named 'encodings'", file=sys.stderr)
        sys.exit(1)
    become(version, arch, executable, mac)
    sys.orig_argv = [executable, *arguments]
    set_flags(options)
    try:
        run(options)
    except SystemExit:
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseException as error:  # noqa: BLE001
        trace, own = error.__traceback__, (__file__, "<frozen runpy>")
        while trace is not None and trace.tb_frame.f_code.co_filename in own:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)

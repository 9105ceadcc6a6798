"""A CPython that answers for a simulated Mac, started as `HOST -I -S interpreter.py …`.

Arguments: the version to answer with (X.Y.Z), the arch that the python was built for, the path it
was called by, and then what a person gives to `python`. Its own standard library stays the host's;
versions, paths, platform and everything that pip and packaging compute tags from are the Mac's.
"""

from __future__ import annotations

import os
import sys
import types

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


class Stand(types.ModuleType):
    """Modules that a Mac has and the host may lack: build variables, and the proxy settings."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> object:  # noqa: ARG004
        """Find one of them by its name; everything else is somebody else's."""
        if name == "pip" and REAL_VERSION < (3, 12) <= sys.version_info[:2]:
            teach_rmtree()
        if name.rpartition(".")[2] == "typing_extensions":
            return seeing_the_host(name, path)
        alias = name == "tomllib" and REAL_VERSION < (3, 11)
        if alias or name == "_scproxy" or name.startswith("_sysconfigdata_"):
            from importlib.machinery import ModuleSpec

            return ModuleSpec(name, Stand)
        return None

    @staticmethod
    def create_module(spec: object) -> types.ModuleType:
        """Make an empty module."""
        return types.ModuleType(spec.name)

    @staticmethod
    def exec_module(module: types.ModuleType) -> None:
        """Fill it."""
        if module.__name__ == "tomllib":
            from pip._vendor import tomli

            module.load, module.loads = tomli.load, tomli.loads
            module.TOMLDecodeError = tomli.TOMLDecodeError
        elif module.__name__ == "_scproxy":
            module._get_proxies = module._get_proxy_settings = dict
        else:
            module.build_time_vars = build_variables()


REAL_INFO = sys.version_info
REAL_VERSION = REAL_INFO[:2]


def seeing_the_host(name: str, path: object) -> object:
    """Find a module that is to see the host's version while it loads: it patches the host's own."""
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec(name, path)
    if spec is not None:
        spec.loader = SeeingTheHost(spec.loader)
    return spec


class SeeingTheHost:
    """A module's loader, under the host's version. An archive's loader serves others, too."""

    def __init__(self, loader: object) -> None:
        self.loader = loader

    def create_module(self, spec: object) -> types.ModuleType | None:
        """Make the module as its own loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        pretended, sys.version_info = sys.version_info, REAL_INFO
        try:
            self.loader.exec_module(module)
        finally:
            sys.version_info = pretended


def teach_rmtree() -> None:
    """Give shutil.rmtree the `onexc` of Python 3.12, which pip passes where the version has it."""
    import shutil

    real = shutil.rmtree

    def rmtree(path: object, ignore_errors: bool = False, **options: object) -> None:  # noqa: FBT001, FBT002
        handler = options.pop("onexc", None)
        if handler is not None:
            options["onerror"] = lambda function, path, found: handler(function, path, found[1])
        real(path, ignore_errors, **options)

    shutil.rmtree = rmtree


def build_variables() -> dict[str, object]:
    """Return what conda-forge's python was built with, as far as anything here asks for it."""
    short, machine = ".".join(map(str, sys.version_info[:2])), os.uname().machine
    tag = f"cpython-{short.replace('.', '')}"
    return {
        "ABIFLAGS": "", "BINDIR": f"{sys.prefix}/bin", "CFLAGS": "", "LDFLAGS": "", "LDSHARED": "",
        "AR": f"{machine}-apple-darwin20.0.0-ar", "CC": f"{machine}-apple-darwin20.0.0-clang",
        "EXT_SUFFIX": f".{tag}-darwin.so", "SOABI": f"{tag}-darwin", "MULTIARCH": "darwin",
        "INCLUDEPY": f"{sys.prefix}/include/python{short}", "LDVERSION": short, "VERSION": short,
        "LIBDEST": f"{sys.prefix}/lib/python{short}", "LIBDIR": f"{sys.prefix}/lib",
        "MACOSX_DEPLOYMENT_TARGET": "11.0", "PYTHONFRAMEWORK": "", "SIZEOF_VOID_P": 8,
        "Py_DEBUG": 0, "Py_ENABLE_SHARED": 0, "Py_GIL_DISABLED": 0, "WITH_PYMALLOC": 1,
    }  # fmt: skip


def read_mac(prefix: str) -> dict[str, object]:
    """Read mac.json, the first above the prefix, or else the one beside HOME; add its folder."""
    import json
    import time

    folder = os.path.realpath(prefix)
    beside = os.path.join(os.path.dirname(os.environ.get("HOME", "/").rstrip("/")), "mac.json")
    while folder != "/" and not os.path.isfile(os.path.join(folder, "mac.json")):
        folder = os.path.dirname(folder)
    path = os.path.join(folder, "mac.json") if folder != "/" else beside
    for attempt in range(40, 0, -1):
        try:
            with open(path, encoding="utf-8") as file:
                return {**json.load(file), "root": os.path.dirname(os.path.realpath(path))}
        except (OSError, ValueError) as error:  # somebody may just be writing it
            if attempt == 1 or isinstance(error, OSError):
                sys.exit(f"simlab: this python belongs to a simulated Mac, and {path}: {error}")
            time.sleep(0.05)
    raise AssertionError("the last attempt returns or ends")


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
    import platform

    platform.mac_ver = lambda *_, **__: (compatible_macos(macos), ("", "", ""), arch)
    if mac.get("hard_links") is False:
        forbid_hard_links(os.path.join(str(mac["root"]), str(mac.get("home", "home"))))
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
    import site
    import sysconfig

    packages = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    site.getsitepackages = lambda prefixes=None: [f"{sys.prefix}/{packages}"]  # noqa: ARG005
    # Else pip asks the host's distutils, if there is one, as soon as it sees a python before 3.10.
    sysconfig._PIP_USE_SYSCONFIG = True
    for name in ("posix_prefix", sysconfig.get_default_scheme()):
        sysconfig._INSTALL_SCHEMES[name].update(
            purelib=f"{{base}}/{packages}",
            platlib=f"{{platbase}}/{packages}",
            scripts="{base}/bin",
            data="{base}",
        )


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
        import site

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


if __name__ == "__main__":
    start(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])

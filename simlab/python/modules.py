"""The modules that a Mac's python has and the host's lacks, and those of the host that are changed.

They are changed when somebody imports them: most programs import none.
"""

from __future__ import annotations

import os
import sys
import types


class Stand(types.ModuleType):
    """Modules that a Mac has and the host may lack: build variables, and the proxy settings."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> object:  # noqa: ARG004
        """Find one of them by its name; everything else is somebody else's."""
        if name == "pip" and REAL_VERSION < (3, 12) <= sys.version_info[:2]:
            teach_rmtree()
        if name == "typing_extensions" or name.startswith("pip._vendor."):
            return around(name, path, seeing_the_host)
        if name in CHANGED:
            return around(name, path, changing)
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


# What is changed in modules of the standard library, by name: as soon as somebody imports one.
CHANGED: dict[str, object] = {}


def around(name: str, path: object, execute: object) -> object:
    """Find a module as usual; it is executed by `execute(loader, module)`."""
    for finder in sys.meta_path:
        spec = None if finder is Stand else finder.find_spec(name, path)
        if spec is not None:
            spec.loader = Around(spec.loader, execute)
            return spec
    return None


class Around:
    """A module's loader with more around the execution. An archive's loader serves others, too."""

    def __init__(self, loader: object, execute: object) -> None:
        self.loader, self.execute = loader, execute

    def __getattr__(self, name: str) -> object:
        """Be the module's own loader in everything else."""
        return getattr(self.loader, name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        self.execute(self.loader, module)


def seeing_the_host(loader: object, module: types.ModuleType) -> None:
    """Fill a module under the host's version: it asks for what that has, or patches it."""
    pretended, sys.version_info = sys.version_info, REAL_INFO
    try:
        loader.exec_module(module)
    finally:
        sys.version_info = pretended


def changing(loader: object, module: types.ModuleType) -> None:
    """Fill a module, then change it."""
    loader.exec_module(module)
    CHANGED[module.__name__](module)


def change(name: str, how: object) -> None:
    """Change a module now if it is imported, or else as soon as it is."""
    CHANGED[name] = how
    if name in sys.modules:
        how(sys.modules[name])


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

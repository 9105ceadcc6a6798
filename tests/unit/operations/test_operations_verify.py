"""Verification: every fault of an environment is reported in time, as a sentence."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from torchard.operations import script_text

HERE = platform.machine()
SHORT = ".".join(map(str, sys.version_info[:2]))

TORCH = """\
__version__ = "2.15.0"
class backends:
    class mps:
        is_available = staticmethod(lambda: True)
class Tensor:
    def __init__(self, values): self.values = values
    def __add__(self, other): return Tensor([one + other for one in self.values])
    def cpu(self): return self
    def tolist(self): return self.values
    def numpy(self): return self.values
def ones(count, device="cpu"):
    {on_device}
    return Tensor([1.0] * count)
"""
GOOD = TORCH.format(on_device="")


class Prefix:
    """An environment of this host's own python, with modules of a test's own making."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site = root / "lib" / f"python{SHORT}" / "site-packages"
        self.site.mkdir(parents=True)
        (root / "bin").mkdir()
        (root / "bin" / "python").symlink_to(Path(sys.executable).resolve())
        home = Path(sys.executable).resolve().parent
        (root / "pyvenv.cfg").write_text(
            f"home = {home}\ninclude-system-site-packages = false\n", encoding="utf-8"
        )

    def module(self, name: str, text: str) -> None:
        (self.site / f"{name}.py").write_text(text, encoding="utf-8")

    def dist(self, name: str, version: str) -> None:
        folder = self.site / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n", encoding="utf-8")

    def tool(self, name: str, script: str) -> None:
        """Put a program first on the PATH."""
        tools = self.root / "tools"
        tools.mkdir(exist_ok=True)
        (tools / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tools / name).chmod(0o755)

    def script(self, name: str, text: str) -> Path:
        """Write a console script; HERE is the environment's own path."""
        path = self.root / "bin" / name
        path.write_text(text.replace("HERE", str(self.root)), encoding="utf-8")
        path.chmod(0o755)
        return path

    def verify(self, **wanted: object) -> subprocess.CompletedProcess[str]:
        """Start the verification as a Mac does."""
        known = {"arch": HERE, "python": SHORT, "dists": {}, "imports": [], "torch": False}
        known |= {"mps": False, "seconds": 60, "variables": {}, "instead": "", **wanted}
        python = [self.root / "bin" / "python", "-B", "-I", "-c", script_text.RUN_ARGUMENT]
        return subprocess.run(
            [*python, script_text.read_script("verify.py"), json.dumps(known)],
            capture_output=True,
            text=True,
            cwd="/",
            env={"PATH": f"{self.root / 'tools'}:{os.environ['PATH']}"},
            timeout=120,
            check=False,
        )


@pytest.fixture
def prefix(tmp_path):
    """An environment with only its python."""
    return Prefix(tmp_path / "prefix")


def failures(done) -> list[str]:
    """Return the sentences of a failed verification."""
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_a_good_environment_is_one_line_of_json(prefix):
    """A good environment reports what was found, and MPS only if it computed."""
    prefix.module("torch", GOOD)
    prefix.dist("torch", "2.15.0")
    done = prefix.verify(torch=True, mps=True, dists={"torch": "2.15.0"})
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == {
        "machine": HERE,
        "mps": True,
        "python": platform.python_version(),
        "torch": "2.15.0",
    }
    assert list(prefix.root.rglob("*.pyc")) == []


def test_a_cpu_environment_does_not_touch_mps(prefix):
    """If MPS is not expected, it is not reported, even if it would fail."""
    prefix.module("torch", TORCH.format(on_device="assert device == 'cpu'"))
    done = prefix.verify(torch=True)
    assert json.loads(done.stdout)["mps"] is False


def test_the_labs_variables_are_set_while_it_works(prefix):
    """So one that breaks PyTorch fails the verification."""
    prefix.module("torch", f"import os\nassert os.environ.get('BREAKS') != '1', 'broken'\n{GOOD}")
    assert prefix.verify(torch=True).returncode == 0
    done = prefix.verify(torch=True, variables={"BREAKS": "1"})
    assert failures(done) == ["torch fails: AssertionError: broken"]


def test_output_of_modules_is_not_an_answer(prefix):
    """Lines on stdout, from Python or C, are not part of the answer."""
    noise = "import os, sys, atexit\nprint('{}')\nos.write(1, b'{\"failed\": []}\\n')\n"
    late = "atexit.register(lambda: print('bye'))\n"
    prefix.module("torch", noise + late + GOOD)
    done = prefix.verify(torch=True)
    assert done.returncode == 0
    assert json.loads(done.stdout)["torch"] == "2.15.0"


def test_every_difference_is_a_sentence_of_its_own(prefix):
    """Arch, python, and each version that differs, is missing or exists twice are reported."""
    prefix.dist("einops", "0.8.1")
    prefix.dist("NumPy", "1.26.4")
    prefix.dist("typing.extensions", "4.15.0")
    dists = {"einops": "0.8.2", "filelock": "3", "numpy": "1.26.4", "typing-extensions": "4.16.0"}
    assert failures(prefix.verify(arch="sparc", python="2.7", dists=dists)) == [
        f"its python runs as {HERE}, not natively as sparc",
        f"its python is {platform.python_version()}, not 2.7",
        "einops is 0.8.1, not 0.8.2",
        "filelock is missing, not 3",
        "typing-extensions is 4.15.0, not 4.16.0",
    ]


def test_two_versions_of_one_distribution_are_reported(prefix):
    """A second dist-info of the same name is a fault, in any order."""
    prefix.dist("einops", "0.8.1")
    prefix.dist("einops", "0.8.2")
    (line,) = failures(prefix.verify(dists={"einops": "0.8.2"}))
    assert line in {f"einops is {one}, not 0.8.2" for one in ("0.8.1 and 0.8.2", "0.8.2 and 0.8.1")}


BROKEN = {
    "no torch": (None, "torch fails: ModuleNotFoundError: No module named 'torch'"),
    "a wrong arch": (
        "raise ImportError('dlopen: incompatible architecture')",
        "torch fails: ImportError: dlopen: incompatible architecture",
    ),
    "wrong sums": (
        GOOD.replace("one + other", "one"),
        "torch computes wrong sums on the CPU",
    ),
    "MPS that is not there": (
        GOOD.replace("lambda: True", "lambda: False"),
        "is_available() is False",
    ),
    "MPS that lies": (
        TORCH.format(on_device="if device == 'mps': raise RuntimeError('out of memory')"),
        "RuntimeError: out of memory",
    ),
    "MPS that computes wrongly": (
        TORCH.format(on_device="if device == 'mps': return Tensor([0.0, 0.0])"),
        "its sums are wrong",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_torch_is_a_sentence(prefix, what):
    """Each failure of PyTorch has its own reason, and that of MPS names the Mac."""
    text, sentence = BROKEN[what]
    if text is not None:
        prefix.module("torch", text)
    lines = failures(prefix.verify(torch=True, mps=True))
    assert any(line.endswith(sentence) for line in lines)
    if "MPS" in what:
        assert lines[0].startswith(f"MPS does not work on this Mac ({HERE}, macOS ")


@pytest.mark.parametrize(
    ("sysctl", "virtual"),
    [
        ('[ "$*" = "-n kern.hv_vmm_present" ] && echo 1', True),
        ("echo 0", False),
        ("echo \"sysctl: unknown oid 'kern.hv_vmm_present'\" >&2; exit 1", False),
    ],
)
def test_mps_that_fails_in_a_virtual_machine_says_what_to_write(prefix, sysctl, virtual):
    """The sentence names the cause and what to do; PyTorch's message follows."""
    failing = "if device == 'mps': raise RuntimeError('out of memory')"
    prefix.module("torch", TORCH.format(on_device=failing))
    prefix.tool("sysctl", sysctl)
    (line,) = failures(prefix.verify(torch=True, mps=True))
    says = "this Mac is a virtual machine, whose GPU MPS cannot use; write `backend: cpu`"
    assert line.endswith(f"): {says} (RuntimeError: out of memory)") is virtual
    assert line.endswith("): RuntimeError: out of memory") is not virtual


def test_a_virtual_machine_whose_mps_computes_is_verified(prefix):
    """The sum decides: if a virtual machine computes on MPS, nothing is reported."""
    prefix.module("torch", GOOD)
    prefix.tool("sysctl", "echo 1")
    assert prefix.verify(torch=True, mps=True).returncode == 0


def test_numpy_that_does_not_fit_is_a_sentence(prefix):
    """A PyTorch from before NumPy 2 fails with NumPy 2."""
    prefix.module("numpy", "")
    bridge = "def numpy(self): raise RuntimeError('Numpy is not available')"
    prefix.module("torch", GOOD.replace("def numpy(self): return self.values", bridge))
    assert failures(prefix.verify(torch=True)) == [
        "torch and numpy do not fit each other: Numpy is not available"
    ]


WARNING = """\
from warnings import warn
warn(
    "Failed to load image Python extension: 'dlopen(image.so): Symbol not found: _x'"
    "If you don't plan on using image functionality from `torchvision.io`, you can ignore this"
    " warning. Otherwise, there might be something wrong with your environment."
)
"""


NEW_WARNING = """\
import os, warnings
if os.environ.get("TORCHVISION_WARN_WHEN_EXTENSION_LOADING_FAILS"):
    warnings.warn("Failed to load 'image_stable' extension: OSError: dlopen(image_stable.so, 6)")
"""
WITHOUT_OPERATORS = """\
import sys, types
sys.modules["torchvision.extension"] = types.SimpleNamespace(_has_ops=lambda: False)
"""


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (WARNING, "warns: Failed to load image Python extension: 'dlopen(image.so): Symbol"),
        (NEW_WARNING, "warns: Failed to load 'image_stable' extension: OSError: dlopen"),
        (WITHOUT_OPERATORS, "works, but its operators cannot be loaded"),
        ("raise ImportError('dlopen(_C.so, 2): Library not loaded: x')", "fails: ImportError: dl"),
        ("raise OSError('dlopen(_C.so, 2): Symbol not found: x')", "fails: OSError: dlopen(_C.so"),
    ],
)
def test_a_library_that_cannot_be_loaded_fails_with_what_to_write(prefix, module, said):
    """Torchvision only warns of it, and then reads no image."""
    prefix.module("torchvision", module)
    first, last = failures(prefix.verify(imports=["torchvision"], instead="Write this."))
    assert first.startswith(f"import torchvision {said}")
    assert last == "Write this."
    assert len(failures(prefix.verify(imports=["torchvision"]))) == 1


def test_another_failure_or_warning_does_not_say_what_to_write(prefix):
    prefix.module("torchvision", "import warnings; warnings.warn('old')")
    assert prefix.verify(imports=["torchvision"], instead="Write this.").returncode == 0
    prefix.module("torchaudio", "raise RuntimeError('no')")
    (said,) = failures(prefix.verify(imports=["torchaudio"], instead="Write this."))
    assert said == "import torchaudio fails: RuntimeError: no"


def test_a_companion_that_cannot_be_imported_is_a_sentence(prefix):
    """Its own error is part of the message."""
    prefix.module("torchvision", "raise OSError('image.so: symbol not found')")
    assert failures(prefix.verify(imports=["torchvision"])) == [
        "import torchvision fails: OSError: image.so: symbol not found"
    ]


SCRIPTS = {
    "whose python is gone": (
        "#!/old/home/env/bin/python3.12\n",
        "bin/pip does not run: it was made for /old/home/env",
    ),
    "whose python is gone, by way of sh": (
        "#!/bin/sh\n'''exec' \"/old home/env/bin/python3.12\" \"$0\" \"$@\"\n' '''\n",
        "bin/pip does not run: it was made for /old home/env",
    ),
    "that runs another environment": (
        f"#!{sys.executable}\n",
        f"bin/pip runs the python of {Path(sys.executable).parents[1]}, not its environment's own",
    ),
    "that fails": (
        "#!HERE/bin/python\nraise SystemExit('no pip')\n",
        "bin/pip does not run: it ended with status 1: no pip",
    ),
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_console_script_that_does_not_run_here_is_a_sentence(prefix, what):
    """After a move of the home, every script still has the old path."""
    text, sentence = SCRIPTS[what]
    prefix.script("pip", text)
    assert failures(prefix.verify()) == [sentence]


def test_a_console_script_that_may_not_be_executed_is_a_sentence(prefix):
    """Verification starts it by its path, as a person does."""
    prefix.script("pip", "#!HERE/bin/python\n").chmod(0o644)
    assert failures(prefix.verify()) == ["bin/pip does not run: Permission denied"]


def test_one_console_script_is_started_without_the_accounts_settings(prefix, tmp_path):
    """Its own pip answers, and nothing else in bin starts."""
    mark = tmp_path / "started"
    lines = ["#!HERE/bin/python", "import os, sys", f"with open({str(mark)!r}, 'w') as file:"]
    lines += ["    print(*sys.argv[1:], os.environ['PIP_CONFIG_FILE'], file=file)", ""]
    prefix.script("pip", "\n".join(lines))
    prefix.script("a", "#!HERE/bin/python\nraise SystemExit(1)\n")
    assert prefix.verify().returncode == 0
    assert mark.read_text() == "--version /dev/null\n"


def test_without_a_pip_the_interpreter_of_the_first_script_is_started(prefix):
    """It is unknown what another script does with its arguments."""
    prefix.script("b", "#!HERE/bin/python\nraise SystemExit(1)\n")
    assert prefix.verify().returncode == 0
    prefix.script("a", "#!/old/env/bin/python3\n")
    assert failures(prefix.verify()) == ["bin/a does not run: it was made for /old/env"]


DEATHS = {
    "is killed": ("os.kill(os.getpid(), 9)", "its python died of SIGKILL at this: a sum on MPS"),
    "aborts": ("os.abort()", "its python died of SIGABRT at this: a sum on MPS"),
    "exits": ("os._exit(7)", "its python ended with status 7 at this: a sum on MPS"),
    "hangs where no signal reaches it": (
        "import signal; signal.pthread_sigmask(0, range(1, 65)); os.read(os.pipe()[0], 1)",
        "a sum on MPS did not end within 3 seconds",
    ),
}


@pytest.mark.parametrize("what", DEATHS)
def test_a_torch_that_kills_its_python_is_a_sentence(prefix, what):
    """A crash or a hang in the GPU's code is a failure, and names the step."""
    action, sentence = DEATHS[what]
    text = "import os, sys\n" + TORCH.format(
        on_device=f"if device == 'mps': print('assertion', file=sys.stderr); {action}"
    )
    prefix.module("torch", text)
    lines = failures(prefix.verify(torch=True, mps=True, seconds=3))
    assert lines[0] == sentence
    assert lines[1:] == ([] if "hangs" in what else ["assertion"])


def test_a_torch_that_dies_at_the_end_is_a_sentence(prefix):
    """A good answer does not hide a python that fails at its exit."""
    prefix.module("torch", f"import atexit, os\natexit.register(os.abort)\n{GOOD}")
    lines = failures(prefix.verify(torch=True))
    assert lines[0] == "its python died of SIGABRT at this: the exit of its python"

"""The JSON of a lock file as msgspec types: they decode it, and make schemas/lock.schema.json.

The pattern of each text allows nothing that a path, a URL or a shell reads as something else.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from torchard.lab.model import SourceName

FORMAT = 2
# The title of each text by its pattern, quoted as msgspec's messages quote it.
TITLES: dict[str, str] = {}


def _shape(title: str, pattern: str, description: str, *examples: str) -> Meta:
    whole = rf"^{pattern}$(?!\n)"  # Python's `$` alone also matches before a last newline
    TITLES[repr(whole)] = title
    return Meta(pattern=whole, title=title, description=description, examples=list(examples))


_VERSION = "[A-Za-z0-9_][A-Za-z0-9._!+-]{0,200}"
_CHANNEL_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,4}"
_CHANNEL_URL = (
    r"(?=[^\n]{1,2000}$)"
    r"(https?://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9.-]{0,252})(:[0-9]{1,5})?|file://(?=/))"
    r"(/(?!t/)[A-Za-z0-9._~%+,=:@-]*)*"
)
_PRINTED = (
    r"[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]*"
)

EnvironmentName = Annotated[
    str,
    _shape(
        "Environment name",
        "[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
        "The environment's name in the lab file.",
        "torch",
    ),
]
MacClass = Annotated[
    str,
    _shape(
        "Class",
        r"osx-(arm64|64)-macos[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2})?",
        "The Macs for which the environment was solved. The solvers got its oldest macOS.",
        "osx-arm64-macos12.3",
        "osx-64-macos13",
    ),
]
PythonVersion = Annotated[
    str,
    _shape("Python version", r"[0-9]\.[0-9]{1,3}", "MAJOR.MINOR, as the lab asks for it.", "3.12"),
]
CondaName = Annotated[
    str,
    _shape(
        "Conda package name",
        "[a-z0-9_][a-z0-9._-]{0,200}",
        "In lower case.",
        "python",
        "_openmp_mutex",
    ),
]
DistributionName = Annotated[
    str,
    _shape(
        "Distribution name",
        "[a-z0-9]+(-[a-z0-9]+)*",
        "Normalised as in PEP 503.",
        "typing-extensions",
    ),
]
Version = Annotated[
    str, _shape("Version", _VERSION, "As its source writes it.", "2.14.1", "1!2.0", "2025c")
]
# In parentheses, because TITLES needs another pattern for each text.
Build = Annotated[
    str, _shape("Build string", f"({_VERSION})", "conda's build string.", "h894a449_0_cpython")
]
Channel = Annotated[
    str,
    _shape(
        "Channel",
        f"({_CHANNEL_NAME}|{_CHANNEL_URL})",
        "Its name or URL as the lab writes it, never a mirror's.",
        "conda-forge",
        "https://mirror.example.com/conda/conda-forge",
    ),
]
IndexUrl = Annotated[
    str,
    _shape(
        "Index",
        f"(|{_CHANNEL_URL})",
        "The URL of a further index that the lab names.",
        "https://data.pyg.org/whl/torch-2.6.0+cpu.html",
    ),
]
CondaFile = Annotated[
    str,
    _shape(
        "Conda file name",
        r"[A-Za-z0-9_][A-Za-z0-9._!+-]{0,240}\.(conda|tar\.bz2)",
        "Without a folder.",
        "python-3.12.13-h894a449_0_cpython.conda",
    ),
]
WheelFile = Annotated[
    str,
    _shape(
        "Wheel file name",
        r"[A-Za-z0-9_][A-Za-z0-9._!+-]{0,240}\.whl",
        "Without a folder.",
        "torch-2.14.1-cp312-cp312-macosx_14_0_arm64.whl",
    ),
]
Sha256 = Annotated[
    str,
    _shape(
        "Sha256",
        "[0-9a-f]{64}",
        "64 hexadecimal digits in lower case.",
        "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558fa11c75",
    ),
]
RowDigest = Annotated[
    str,
    _shape(
        "Row digest",
        "[0-9a-f]{16}",
        "The first 16 digits of the sha256 of the row as it is written, without this key.",
        "1f825aa2f0020ef7",
    ),
]
MacosVersion = Annotated[
    str,
    _shape(
        "macOS version",
        r"[1-9][0-9]{0,2}\.[0-9]{1,3}(\.[0-9]{1,3})?",
        "MAJOR.MINOR, or MAJOR.MINOR.PATCH.",
        "11.0",
    ),
]
Text = Annotated[
    str,
    _shape(
        "Line of text",
        _PRINTED,
        "For people. It has no character that moves a cursor or changes the direction of text.",
        "the newest release with MPS on macOS 14",
    ),
]
Size = Annotated[
    int, Meta(ge=0, le=1 << 40, title="Size", description="In bytes.", examples=[13739])
]


class _Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A JSON object that has exactly these keys."""


class Variant(_Row, frozen=True):
    """The PyTorch that fits the class."""

    source: Annotated[
        SourceName,
        Meta(title="Source", description="The source of PyTorch."),
    ]
    packages: Annotated[
        dict[CondaName, Version | None],
        Meta(
            title="Packages",
            description="The exact version of each; null if only the index knows it.",
            examples=[{"torch": "2.14.1", "torchvision": "0.29.2", "torchaudio": "2.11.0"}],
        ),
    ]
    mps_expected: Annotated[
        bool, Meta(title="MPS expected", description="Whether verification must compute on MPS.")
    ]
    constraints: Annotated[
        tuple[Text, ...],
        Meta(
            title="Constraints",
            description="Requirements that bound other packages beside it.",
            examples=[["numpy<2"]],
        ),
    ]


class CondaPackage(_Row, frozen=True):
    """A conda package. Torchard forms its address from channel, subdir and file."""

    name: CondaName
    version: Version
    build: Build
    channel: Channel
    subdir: Annotated[
        Literal["osx-arm64", "osx-64", "noarch"],
        Meta(title="Subdir", description="The folder of the channel that has the package."),
    ]
    file: CondaFile
    sha256: Sha256
    size: Size
    provides: Annotated[
        dict[DistributionName, Version],
        Meta(
            title="Provides",
            description="Its Python distributions. None of them is also installed as a wheel.",
            examples=[{"numpy": "2.4.2"}],
        ),
    ]


class Wheel(_Row, frozen=True, kw_only=True):
    """A wheel. Torchard gets its address from the wheel index, or from the one that it names."""

    name: DistributionName
    version: Version
    file: WheelFile
    sha256: Sha256
    size: Size
    note: Annotated[
        Text,
        Meta(
            title="Note",
            description="What is worth knowing about this choice, after the name and the version.",
            examples=["is not the newest: 0.40.0 asks for torch>=2.6 in its extra `torch`"],
        ),
    ] = ""
    index: IndexUrl = ""


class LibraryCheck(_Row, frozen=True):
    """What Torchard found in the libraries of a wheel when the lock was made."""

    name: DistributionName
    sha256: Sha256
    macos: Annotated[
        MacosVersion | None,
        Meta(
            title="macOS",
            description="The oldest macOS on which the libraries load; null if there are none, or"
            " they cannot be read.",
            examples=["11.0"],
        ),
    ]
    torch: Annotated[
        Sha256 | None,
        Meta(
            title="Torch",
            description="The wheel or conda package of the torch that has what they import from"
            " PyTorch; null if they import nothing, or nothing was compared.",
        ),
    ]
    symbols: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 32,
            title="Symbols",
            description="How many symbols of PyTorch they import.",
            examples=[205],
        ),
    ]
    note: Annotated[
        Text,
        Meta(
            title="Note",
            description="What is worth knowing, after the name and the version; else empty.",
            examples=["may not load: its libraries cannot be read (it ends too early)"],
        ),
    ]


class CondaRow(CondaPackage, frozen=True):
    """A conda package. Torchard forms its address from channel, subdir and file."""

    digest: RowDigest


class WheelRow(Wheel, frozen=True, kw_only=True):
    """A wheel. Torchard gets its address from the wheel index, or from the one that it names."""

    digest: RowDigest


class Lock(_Row, frozen=True, kw_only=True, rename={"mac_class": "class"}):
    """Every artefact of one environment for one class of Macs.

    `torchard lock` writes it with one package a line. Read its diffs, but edit the lab file
    instead: Torchard reads a lock only if each byte is as it writes it, and compares each field
    with the lab and the catalogue. The digests detect an edit. They are not a signature. Beyond
    this schema, no package is listed twice, a file is named after its package, python is a conda
    package, and each conda package is from one of the channels and for the subdir of the class or
    noarch.
    """

    format: Annotated[
        Literal[2], Meta(title="Format", description="The number of this file format.")
    ]
    environment: EnvironmentName
    mac_class: MacClass
    inputs: Annotated[
        Sha256,
        Meta(
            title="Inputs",
            description="The digest of the question. If the lab's has another digest, the lock is"
            " out of date.",
        ),
    ]
    python: PythonVersion
    variant: Annotated[
        Variant | None,
        Meta(title="Variant", description="The chosen PyTorch; null if there is none."),
    ]
    conda_specs: Annotated[
        tuple[Text, ...],
        Meta(
            title="Conda specs",
            description="What conda was asked for, as match specs.",
            examples=[["python 3.12.*", "pip", "nodejs"]],
        ),
    ]
    pip_specs: Annotated[
        tuple[Text, ...],
        Meta(
            title="Pip specs",
            description="What the lab asks for as wheels, as requirements (PEP 508).",
            examples=[["jupyterlab", "pandas>=2"]],
        ),
    ]
    channels: Annotated[
        tuple[Channel, ...],
        Meta(
            title="Channels",
            description="conda's channels. The first has the highest priority, which is strict.",
            examples=[["conda-forge"]],
        ),
    ]
    indexes: Annotated[
        dict[DistributionName, IndexUrl],
        Meta(
            title="Indexes",
            description="The lab's further index of each package that has one, needed or not; empty"
            " for one whose URL needs an exact version of torch. Left out if the lab has none.",
            examples=[{"torch-scatter": "https://data.pyg.org/whl/torch-2.6.0+cpu.html"}],
        ),
    ] = {}
    conda: Annotated[
        tuple[CondaRow, ...],
        Meta(title="Conda packages", description="Each comes after its dependencies."),
    ]
    wheels: Annotated[tuple[WheelRow, ...], Meta(title="Wheels", description="Sorted by name.")]
    libraries: Annotated[
        tuple[LibraryCheck, ...],
        Meta(
            title="Libraries",
            description="The checks of the wheels that are not for every system, in their order."
            " Left out if there are none.",
        ),
    ] = ()
    digest: Annotated[
        Sha256,
        Meta(title="Digest", description="The sha256 of all lines of the file before this one."),
    ]

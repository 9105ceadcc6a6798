"""An example of a lock file, for its schema and for tests."""

from torchard.lock.file_format import FORMAT

EXAMPLE = {
    "format": FORMAT,
    "environment": "tools",
    "class": "osx-arm64-macos14",
    "inputs": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "python": "3.12",
    "variant": None,
    "conda_specs": ["python 3.12.*", "pip"],
    "pip_specs": ["einops"],
    "channels": ["conda-forge"],
    "conda": [
        {
            "name": "python",
            "version": "3.12.13",
            "build": "h894a449_0_cpython",
            "channel": "conda-forge",
            "subdir": "osx-arm64",
            "file": "python-3.12.13-h894a449_0_cpython.conda",
            "sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558fa11c75",
            "size": 13739,
            "provides": {},
            "digest": "df8bfbd2fd0c00f1",
        }
    ],
    "wheels": [
        {
            "name": "einops",
            "version": "0.8.2",
            "file": "einops-0.8.2-py3-none-any.whl",
            "sha256": "fd61bf0c2ca6ee67f92b1a5a4c0ec8c2a8a9f3f1f7f0b0d1e7a0c7d9c5f1b8aa",
            "size": 65638,
            "digest": "b28feed10e9f0df1",
        }
    ],
    "digest": "3f59da6efec0f361791d14327f91d233c247170007b6d39aecb7883dac7eba67",
}

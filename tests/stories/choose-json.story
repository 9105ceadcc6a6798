# The catalogue's answer is there for programs, too.
---
$ torchard choose --arch arm64 --macos 15.1 --python 3.12 --json
{
  "format": 1,
  "variant": {
    "source": "wheels",
    "packages": {
      "torch": "2.15.0",
      "torchvision": "0.29.2",
      "torchaudio": "2.11.0"
    },
    "python": "3.12",
    "mps_expected": true,
    "reason": "the newest release whose wheels and MPS fit macOS 15.1 and python 3.12",
    "constraints": [],
    "notes": [
      "torchaudio 2.11.0 is the last release; it is built for torch 2.11 and newer, but it is not yet confirmed with torch 2.15."
    ]
  }
}
[0]
$ torchard choose --arch x86_64 --macos 12.7 --python 3.13 --json
{
  "format": 1,
  "refusal": {
    "reason": "No release of PyTorch has a wheel for python 3.13 on Intel Macs, only for 3.7 to 3.12.",
    "instead": "Write `python: \"3.12\"` (torch 2.2.2), or `source: conda-forge` (torch 2.10.0)."
  }
}
[1]

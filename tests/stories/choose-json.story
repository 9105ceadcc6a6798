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
      "torchaudio": "2.11.1"
    },
    "python": "3.12",
    "mps_expected": true,
    "reason": "the newest release whose wheels and MPS fit macOS 15.1 and python 3.12",
    "constraints": [],
    "notes": []
  }
}
[0]
$ torchard choose --arch x86_64 --macos 12.7 --python 3.13 --json
{
  "format": 1,
  "refusal": {
    "reason": "No release of PyTorch has a wheel for python 3.13 on Intel Macs, only for 3.7 to 3.12.",
    "instead": "Write `--python 3.12` (torch 2.2.2), or `--source conda-forge` (torch 2.10.0)."
  }
}
[1]

# If nothing fits, the reason and what to write instead are printed.
---
$ torchard choose --arch x86_64 --macos 12.7 --python 3.13
2> No release of PyTorch has a wheel for python 3.13 on Intel Macs, only for 3.7 to 3.12.
2>   Write `--python 3.12` (torch 2.2.2), or `--source conda-forge` (torch 2.10.0).
[1]
$ torchard choose --arch x86_64 --macos 12.7 --python 3.12 --backend mps
2> PyTorch's MPS is not for Intel Macs.
2>   Write `--backend cpu` (torch 2.2.2).
[1]
$ torchard choose --arch x86_64 --macos 12.7 --python 3.12 --release nightly
2> No build of PyTorch has a nightly wheel for Intel Macs.
2>   Write `--release stable` (torch 2.2.2).
[1]
$ torchard choose --arch arm64 --macos 15.1 --python 3.8
torch 2.4.1 · torchvision 0.19.1 · torchaudio 2.4.1
  from wheels, for python 3.8, MPS expected
  the newest release whose wheels and MPS fit macOS 15.1 and python 3.8
  torch 2.4.1 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only weights that you trust, or write `--python 3.10` (torch 2.14.1).
[0]

# The catalogue says which PyTorch fits a Mac, and why.
---
$ torchard choose --arch arm64 --macos 15.1 --python 3.12
torch 2.15.0 · torchvision 0.29.2 · torchaudio 2.11.1
  from wheels, for python 3.12, MPS expected
  the newest release whose wheels and MPS fit macOS 15.1 and python 3.12
[0]
$ torchard choose --arch x86_64 --macos 12.7 --python 3.12
torch 2.2.2 · torchvision 0.17.2 · torchaudio 2.2.2
  from wheels, for python 3.12, CPU
  the newest release whose wheels fit macOS 12.7 and python 3.12
  with numpy<2
  PyTorch's MPS is not for Intel Macs, so torch computes on the processor alone.
  2.2.2 is the last release with wheels for Intel Macs.
  torch 2.2.2 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only weights that you trust, or write `--source conda-forge` (torch 2.10.0).
[0]
$ torchard choose --arch arm64 --macos 13.4 --python 3.12 --with torchvision
torch 2.8.0 · torchvision 0.23.0
  from wheels, for python 3.12, MPS expected
  the newest release whose wheels and MPS fit macOS 13.4 and python 3.12, by what their libraries import
  torch 2.11.0 would install on macOS 13.4, but its MPS needs macOS 14.
  Libraries that were built for a newer macOS import only what macOS 13.4 has: libomp.dylib of torch 2.8.0 (for macOS 14).
  If an import fails on the Mac, write `--release 2.6.0`: its libraries were built for macOS 13.4 or older.
  torch 2.8.0 has a known vulnerability (CVE-2026-24747): load only weights that you trust, or write `--backend cpu` (torch 2.11.0), or update the Mac to macOS 14 (torch 2.14.1).
[0]

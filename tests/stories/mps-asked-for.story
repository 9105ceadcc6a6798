# An Intel Mac is blocked if the lab insists on MPS; the others are planned.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: library-01, arch: x86_64, macos: "12.7"}
lab:
  environments:
    torch: {python: "3.12", pytorch: {backend: mps}}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       30 packages, N MB                              new generation
      the newest release whose wheels and MPS fit macOS 15.1 and python 3.12
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel, MPS expected
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
      … 25 more
    disk        N MB needed, N GB free; N MB to push
1 Mac  · library-01 · x86_64 · macOS 12.7
  ! blocked     torch: PyTorch's MPS is not for Intel Macs. Write `backend: cpu` (torch 2.2.2).

Plan: 1 Mac to change, 0 up to date, 1 blocked. N MB to fetch once.
Nothing has been changed.
[3]

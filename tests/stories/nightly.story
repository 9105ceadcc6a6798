# A nightly is locked with its date.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    torch: {python: "3.12", pytorch: {release: nightly}}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       29 packages, N MB                              new generation
      today's nightly wheels and MPS fit macOS 15.1 and python 3.12
      torchaudio is left out: there are no more nightly builds of it.
      The pytorch-nightly channel has had no new builds since November 2024, so this build is from PyTorch's nightly wheel index. Its date stays locked until `torchard lock --upgrade`.
      + python        3.12.13              conda-forge
      + torch         2.16.0.dev20261123   wheel, MPS expected
      + torchvision   0.30.0.dev20261123   wheel
      + pip           X.Y                  conda-forge
      … 25 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]

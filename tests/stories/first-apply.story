# A first apply shows its plan, does it, verifies PyTorch on the Mac, and leaves nothing to do.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    torch: {python: "3.12"}
---
$ torchard apply --yes
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

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                installed
  + torch       30 packages, N MB                              built and active
  = torch       verified: python 3.12.13 arm64, torch 2.15.0, MPS works

Done: 1 Mac up to date.
[0]
# The environment is a link into what Torchard built and verified.
studio-01$ readlink miniconda3/envs/torch
/Users/ada/.torchard/generations/torch-XXXXXXXX
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  = torch       verified: python 3.12.13 arm64, torch 2.15.0, MPS works

Done: 1 Mac up to date.
[0]

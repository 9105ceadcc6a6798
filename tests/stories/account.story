# What the account's startup files give to python comes before the environment, which verify says.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", shell: bash}
lab:
  environments:
    torch: {python: "3.12", pytorch: {}, pip: [einops]}
---
studio-01$ mkdir -p lib/einops && : >lib/einops/__init__.py
[0]
studio-01$ printf '%s\n' 'token=abc' 'export PYTHONPATH=$HOME/lib' >.bash_profile
[0]
# An apply is not stopped by it: the environment is right.
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       31 packages, N MB                              new generation
      the newest release whose wheels and MPS fit macOS 15.1 and python 3.12
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel, MPS expected
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
      + einops        0.8.2     wheel
      … 25 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ! note        torch: PYTHONPATH in the account's login environment puts ~/lib first, which has its own einops; remove it from ~/.bash_profile, line 2
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                installed
  + torch       31 packages, N MB                              built and active
  = torch       verified: python 3.12.13 arm64, torch 2.15.0, MPS works

Done: 1 Mac up to date.
[0]
# With a PyTorch of their own there, people would not get the environment's.
studio-01$ mkdir lib/torch && echo '__version__ = "1.0"' >lib/torch/__init__.py
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! note        torch: PYTHONPATH in the account's login environment puts ~/lib first, which has its own einops; remove it from ~/.bash_profile, line 2
  ! failed      torch: PYTHONPATH in the account's login environment puts ~/lib/torch before this environment's torch; remove it from ~/.bash_profile, line 2
  = torch       verified: python 3.12.13 arm64, torch 2.15.0, MPS works

Done: 0 Macs up to date, 1 failed.
[1]
studio-01$ echo 'export PYTHONHOME=/opt/python' >.bash_profile
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! failed      torch: PYTHONHOME in the account's login environment keeps this environment's python from starting; remove it from ~/.bash_profile, line 1
  = torch       verified: python 3.12.13 arm64, torch 2.15.0, MPS works

Done: 0 Macs up to date, 1 failed.
[1]
studio-01$ mkdir -p .local/lib/python3.12/site-packages && mv lib/torch .local/lib/python3.12/site-packages && rm .bash_profile
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! failed      torch: the account's user site-packages put ~/.local/lib/python3.12/site-packages/torch before this environment's torch; remove it from ~/.local/lib/python3.12/site-packages
  = torch       verified: python 3.12.13 arm64, torch 2.15.0, MPS works

Done: 0 Macs up to date, 1 failed.
[1]

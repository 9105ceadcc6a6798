# Where MPS is expected and does not compute, the environment is not shown, and the Mac has failed.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", mps: lies}
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
  ! torch       failed: MPS does not work on this Mac (arm64, macOS 15.1): RuntimeError: MPS backend out of memory (MPS allocated: 0 bytes, other allocations: 0 bytes, max allowed: 1.N GB). Tried to allocate N bytes on shared pool.
      Verification failed, so torch was not activated; what was there before is unchanged.
      The whole log is on the Mac: /Users/ada/.torchard/log/WHEN-torch-XXXXXXXX-PID.log

Done: 0 Macs up to date, 1 failed.
[1]
studio-01$ ls miniconda3/envs
[0]
# The next plan says what is still to do.
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + torch       30 packages, N MB                              new generation
      the newest release whose wheels and MPS fit macOS 15.1 and python 3.12
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel, MPS expected
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
      … 25 more
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
Nothing has been changed.
[2]

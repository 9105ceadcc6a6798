# Explain says why an Intel Mac gets the PyTorch that it gets.
macs:
- {name: library-03, arch: x86_64, macos: "12.7"}
lab:
  environments:
    torch: {python: "3.12"}
---
$ torchard plan --explain library-03
library-03 · x86_64 · macOS 12.7 · lab.yaml:4

What was read on it
  arch          x86_64; its shell is native
  macOS         12.7
  account       ada, at home in /Users/ada
  disk          N GB free; what is to be done needs N MB
  Miniconda     none at ~/miniconda3
  torch         nothing at ~/miniconda3/envs/torch
  run lock      no run is at work there

Its class
  class         osx-64-macos12
  because       the major version of macOS 12.7, or the highest threshold in it
  thresholds    macOS 10.13, 10.15, 11.0, 12.0

The environment torch
  asked for     python 3.12, release stable, backend auto, source auto, with all companions that there are (lab.yaml:2)
  passed over   2.15.0 to 2.3.0: no wheel for Intel Macs
  chosen        torch 2.2.2, torchvision 0.17.2, torchaudio 2.2.2, from wheels, CPU
  because       the newest release whose wheels fit macOS 12.7 and python 3.12
  needs         numpy<2 beside it
  note          PyTorch's MPS is not for Intel Macs, so torch computes on the processor alone.
  note          2.2.2 is the last release with wheels for Intel Macs.
  elsewhere     conda-forge has torch 2.10.0
  elsewhere     pytorch-channel has torch 2.2.2
  lock          locks/lab/torch.osx-64-macos12.json, XXXXXXXX: 17 conda packages, 13 wheels, N MB
  known         CVE-2026-24747, since 2026-01-27: a crafted checkpoint corrupts memory, and may run code, even with `weights_only=True`; fixed in 2.10.0: https://github.com/pytorch/pytorch/security/advisories/GHSA-63cw-57p8-fm3p
  known         CVE-2025-32434, since 2025-04-18: `torch.load` runs code that is hidden in a file, even with `weights_only=True`; fixed in 2.6.0: https://github.com/pytorch/pytorch/security/advisories/GHSA-53q9-r3pm-6pq6

What is to be done
  + miniconda   no Miniconda at ~/miniconda3; Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh is installed
  + torch       not there yet; ~/.torchard/generations/torch-XXXXXXXX: 30 packages to change, 0 kept

Warnings
  ! note        torch: torch 2.2.2 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only weights that you trust, or write `source: conda-forge` (torch 2.10.0)

Nothing has been changed.
[2]

# A first plan of a mixed lab says what would be done to each Mac, and which are left alone.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: studio-02, arch: arm64, macos: "15.1"}
- {name: library-01, arch: x86_64, macos: "12.7"}
- {name: library-02, arch: x86_64, macos: "12.7", fault: refuse}
- {name: library-03, arch: x86_64, macos: "12.7"}
lab:
  environments:
    torch: {python: "3.12"}
  macs:
    library-03: {arch: arm64}
locked: false
columns: 120
---
# Nobody has locked this lab yet.
$ torchard plan
2 Macs · studio-01 studio-02 · arm64 · macOS 15.1
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
  ! note        torch: torch 2.2.2 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only weights that you trust, or write `source: conda-forge` (torch 2.10.0)
  + miniconda   Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       30 packages, N MB                              new generation
      the newest release whose wheels fit macOS 12.7 and python 3.12
      PyTorch's MPS is not for Intel Macs, so torch computes on the processor alone.
      2.2.2 is the last release with wheels for Intel Macs.
      + python        3.12.13   conda-forge
      + torch         2.2.2     wheel
      + torchvision   0.17.2    wheel
      + torchaudio    2.2.2     wheel
      + pip           X.Y       conda-forge
      … 25 more
    disk        N MB needed, N GB free; N MB to push
1 Mac  · library-02
  ! unreachable 127.0.0.1:2204 refused the connection; turn Remote Login on there (System Settings > General > Sharing)
1 Mac  · library-03 · x86_64 · macOS 12.7
  ! blocked     lab.yaml:8:3 says it is arm64, but it is x86_64; write arch: x86_64, or correct its address

Plan: 3 Macs to change, 0 up to date, 1 unreachable, 1 blocked. N kB to fetch once.
Lock file written: locks/lab/torch.osx-64-macos12.json
Lock file written: locks/lab/torch.osx-arm64-macos12.3.json
Lock file written: locks/lab/torch.osx-arm64-macos15.json
Nothing has been changed.
[3]

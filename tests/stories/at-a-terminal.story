# At a terminal of 60 columns, long lines are broken between words.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: library-01, arch: x86_64, macos: "12.7"}
- {name: library-02, arch: arm64, macos: "15.1", fault: refuse}
lab:
  environments:
    torch: {python: "3.12"}
columns: 60
terminal: true
---
$ torchard plan
␛[1m1 Mac  · studio-01 · arm64 · macOS 15.1␛[0m
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at
                ~/miniconda3
                sha256 XXXXXXXX…
  + torch       30 packages, N MB
                new generation
␛[2m      the ␛[0m␛[2mnewest release whose wheels and MPS fit macOS 15.1␛[0m
          ␛[2mand python 3.12␛[0m
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel, MPS expected
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
␛[2m      … 25 more␛[0m
    disk        N MB needed, N GB free; N MB to push
␛[1m1 Mac  · library-01 · x86_64 · macOS 12.7␛[0m
  ! note        torch: torch 2.2.2 has known vulnerabilities
                (CVE-2026-24747, CVE-2025-32434): load only
                weights that you trust, or write `source:
                conda-forge` (torch 2.10.0)
  + miniconda   Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh
                at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       30 packages, N MB
                new generation
␛[2m      the ␛[0m␛[2mnewest release whose wheels fit macOS 12.7 and␛[0m
          ␛[2mpython 3.12␛[0m
␛[2m      PyTo␛[0m␛[2mrch's MPS is not for Intel Macs, so torch computes␛[0m
          ␛[2mon the processor alone.␛[0m
␛[2m      2.2.2 is the last release with wheels for Intel Macs.␛[0m
      + python        3.12.13   conda-forge
      + torch         2.2.2     wheel
      + torchvision   0.17.2    wheel
      + torchaudio    2.2.2     wheel
      + pip           X.Y       conda-forge
␛[2m      … 25 more␛[0m
    disk        N MB needed, N GB free; N MB to push
␛[1m1 Mac  · library-02␛[0m
  ! unreachable 127.0.0.1:2203 refused the connection; turn
                Remote Login on there (System Settings >
                General > Sharing)

Plan: 2 Macs to change, 0 up to date, 1 unreachable. N MB to
         fetch once.
Nothing has been changed.
[3]

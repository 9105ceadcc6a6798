# At 200 columns, nothing is broken.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: library-02, arch: arm64, macos: "15.1", fault: refuse}
lab:
  environments:
    torch: {python: "3.12"}
columns: 200
terminal: true
---
$ torchard plan
␛[1m1 Mac  · studio-01 · arm64 · macOS 15.1␛[0m
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       30 packages, N MB                              new generation
␛[2m      the newest release whose wheels and MPS fit macOS 15.1 and python 3.12␛[0m
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel, MPS expected
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
␛[2m      … 25 more␛[0m
    disk        N MB needed, N GB free; N MB to push
␛[1m1 Mac  · library-02␛[0m
  ! unreachable 127.0.0.1:2202 refused the connection; turn Remote Login on there (System Settings > General > Sharing)

Plan: 1 Mac to change, 0 up to date, 1 unreachable. N MB to fetch once.
Nothing has been changed.
[3]

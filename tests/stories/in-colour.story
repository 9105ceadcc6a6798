# What is added is green, what is left alone red, and headings are bold.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: studio-02, arch: arm64, macos: "14.7"}
- {name: library-02, arch: arm64, macos: "15.1", fault: refuse}
lab:
  environments:
    torch: {python: "3.12"}
columns: 100
terminal: true
colour: true
picture: docs/plan.svg
---
$ torchard plan
␛[1m1 Mac  · studio-01 · arm64 · macOS 15.1␛[0m
  ␛[32m+␛[0m miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  ␛[32m+␛[0m torch       30 packages, N MB                              new generation
␛[2m      the newest release whose wheels and MPS fit macOS 15.1 and python 3.12␛[0m
      ␛[32m+␛[0m python        3.12.13   conda-forge
      ␛[32m+␛[0m torch         2.15.0    wheel, MPS expected
      ␛[32m+␛[0m torchvision   0.29.2    wheel
      ␛[32m+␛[0m torchaudio    2.11.1    wheel
      ␛[32m+␛[0m pip           X.Y       conda-forge
␛[2m      … 25 more␛[0m
    disk        N MB needed, N GB free; N MB to push
␛[1m1 Mac  · studio-02 · arm64 · macOS 14.7␛[0m
  ␛[32m+␛[0m miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  ␛[32m+␛[0m torch       30 packages, N MB                              new generation
␛[2m      the newest release whose wheels and MPS fit macOS 14.7 and python 3.12␛[0m
␛[2m      torch 2.15.0 would install on macOS 14.7, but its MPS needs macOS 15.␛[0m
      ␛[32m+␛[0m python        3.12.13   conda-forge
      ␛[32m+␛[0m torch         2.14.1    wheel, MPS expected
      ␛[32m+␛[0m torchvision   0.29.2    wheel
      ␛[32m+␛[0m torchaudio    2.11.1    wheel
      ␛[32m+␛[0m pip           X.Y       conda-forge
␛[2m      … 25 more␛[0m
    disk        N MB needed, N GB free; N MB to push
␛[1m1 Mac  · library-02␛[0m
  ␛[31m!␛[0m unreachable 127.0.0.1:2203 refused the connection; turn Remote Login on there (System Settings
                > General > Sharing)

Plan: 2 Macs to change, 0 up to date, 1 unreachable. N MB to fetch once.
Nothing has been changed.
[3]

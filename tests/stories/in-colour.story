# What is added is green, what is left alone red, and headings are bold.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: library-02, arch: arm64, macos: "15.1", fault: refuse}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
terminal: true
colour: true
---
$ torchard plan
␛[1m1 Mac  · studio-01 · arm64 · macOS 15.1␛[0m
  ␛[32m+␛[0m miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  ␛[32m+␛[0m tools       19 packages, N MB                              new generation
      ␛[32m+␛[0m python   3.12.13   conda-forge
      ␛[32m+␛[0m pip      X.Y       conda-forge
      ␛[32m+␛[0m rhash    1.4.6     conda-forge
      ␛[32m+␛[0m einops   0.8.2     wheel
␛[2m      … 15 more␛[0m
    disk        N MB needed, N GB free; N MB to push
␛[1m1 Mac  · library-02␛[0m
  ␛[31m!␛[0m unreachable 127.0.0.1:2202 refused the connection; turn Remote Login on
                there (System Settings > General > Sharing)

Plan: 1 Mac to change, 0 up to date, 1 unreachable. N MB to fetch once.
Nothing has been changed.
[3]

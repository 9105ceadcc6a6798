# Twelve Macs with three kinds of changes are three blocks.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: studio-02, arch: arm64, macos: "15.1"}
- {name: studio-03, arch: arm64, macos: "15.1"}
- {name: studio-04, arch: arm64, macos: "15.1"}
- {name: studio-05, arch: arm64, macos: "15.1"}
- {name: lecture-01, arch: arm64, macos: "14.7"}
- {name: lecture-02, arch: arm64, macos: "14.7"}
- {name: lecture-03, arch: arm64, macos: "14.7"}
- {name: lecture-04, arch: arm64, macos: "14.7"}
- {name: library-01, arch: x86_64, macos: "12.7"}
- {name: library-02, arch: x86_64, macos: "12.7"}
- {name: library-03, arch: x86_64, macos: "12.7"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
columns: 120
---
$ torchard plan
5 Macs · studio-01 studio-02 studio-03 studio-04 studio-05 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push
4 Macs · lecture-01 lecture-02 lecture-03 lecture-04 · arm64 · macOS 14.7
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push
3 Macs · library-01 library-02 library-03 · x86_64 · macOS 12.7
  + miniconda   Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push

Plan: 12 Macs to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]

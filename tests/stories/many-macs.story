# Macs with the same changes are printed once, however many they are.
macs:
- {name: mac-mini-01, arch: arm64, macos: "15.1"}
- {name: mac-mini-02, arch: arm64, macos: "15.1"}
- {name: mac-mini-03, arch: arm64, macos: "15.1"}
- {name: mac-mini-04, arch: arm64, macos: "15.1"}
- {name: mac-mini-05, arch: arm64, macos: "15.1"}
- {name: mac-mini-06, arch: arm64, macos: "15.1"}
- {name: mac-mini-07, arch: arm64, macos: "15.1"}
- {name: mac-mini-08, arch: arm64, macos: "15.1"}
- {name: mac-mini-09, arch: arm64, macos: "15.1"}
- {name: mac-mini-10, arch: arm64, macos: "15.1"}
- {name: mac-mini-11, arch: arm64, macos: "15.1"}
- {name: mac-mini-12, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan
12 Macs · mac-mini-01 mac-mini-02 mac-mini-03 mac-mini-04 mac-mini-05 mac-mini-06 mac-mini-07 … 5 more · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
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

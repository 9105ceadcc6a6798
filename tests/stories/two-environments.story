# What two environments of a Mac have in common is printed once.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
    more: {python: "3.12", pytorch: false, conda: [zstd]}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  in both: tools, more
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      … 15 more
  + tools       19 packages, N MB                              new generation
      + rhash    1.4.6   conda-forge
      + einops   0.8.2   wheel
  + more        18 packages, N MB                              new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]

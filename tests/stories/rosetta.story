# A Mac whose shell runs under Rosetta gets what fits its processor, and a note.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", rosetta: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! note        its shell runs under Rosetta; Torchard runs native programs there all the same
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]

# A directory of somebody else's where Miniconda would go is left alone, and the Mac refused.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ mkdir miniconda3 && echo mine >miniconda3/thesis.txt
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     ~/miniconda3 exists, and is neither a whole Miniconda nor what an interrupted installer leaves; move it away, or set miniconda.prefix to another path

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
# Another prefix unblocks the Mac.
lab: {macs: {studio-01: {miniconda: {prefix: "~/lab/miniconda3"}}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/lab/miniconda3
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

# Where nobody can be asked, nothing is done without --yes.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard apply
1 Mac  · studio-01 · arm64 · macOS 15.1
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
2> Nothing was changed: there is no terminal to ask at.
2>   Look at what `torchard plan` prints, and add --yes if it is what you want.
[1]
$ torchard apply --json
2> Nothing was changed: --json shows no plan to agree to.
2>   Look at what `torchard plan` prints, and add --yes if it is what you want.
[1]

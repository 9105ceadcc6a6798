# A Miniconda that a person installed is kept, whatever its version, and the environments built in it.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
# What is left is a Miniconda that Torchard knows nothing of.
studio-01$ rm -rf .torchard miniconda3/.torchard.json miniconda3/envs/tools
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date.
Nothing has been changed.
[2]
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  + tools       19 packages, N MB                              built and active
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]

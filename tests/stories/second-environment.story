# An environment that is new to the lab is built beside the one that is there.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
lab: {environments: {more: {python: "3.11", pytorch: false}}, groups: {simulated: {environments: [tools, more]}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + more        17 packages, N MB                              new generation
      + python   3.11.15   conda-forge
      + pip      X.Y       conda-forge
      … 15 more
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Lock file written: locks/lab/more.osx-arm64-macos15.json
Nothing has been changed.
[2]

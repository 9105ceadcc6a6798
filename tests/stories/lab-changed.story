# A lab that changed is planned package by package, built aside, and shown in one rename.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
lab: {environments: {tools: {conda: [rhash, zstd]}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Lock file written: locks/lab/tools.osx-arm64-macos15.json
Nothing has been changed.
[2]
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ~ tools       19 kept, 1 changed                             built and active
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]

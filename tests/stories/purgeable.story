# Space that macOS would purge counts as room for packages, though df leaves it out.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01: {fault: {disk_free: 1100000}}
lab: {environments: {tools: {conda: [rhash, zstd]}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     its disk has N MB free, and these packages need more than N MB; make room

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Lock file written: locks/lab/tools.osx-arm64-macos15.json
Nothing has been changed.
[3]
studio-01: {purgeable: 1000000}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     its disk has N MB free, and these packages need more than N MB; macOS would make room for N MB only; make more room

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
studio-01: {purgeable: 3000000000}
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! note        its disk has N MB free, and these packages need more than N MB; macOS says that it makes room for N MB when needed
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N MB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ! note        its disk has N MB free, and these packages need more than N MB; macOS says that it makes room for N MB when needed
  ~ tools       19 kept, 1 changed                             built and active
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]

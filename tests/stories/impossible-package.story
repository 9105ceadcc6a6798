# A package that no channel has is refused at its line of the lab.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash, "nodejs >99"]}
---
$ torchard lock
2> lab.yaml:2:66: tools cannot be locked for osx-arm64-macos15: conda-forge has no nodejs >99 for these Macs; the newest is 24.9.0.
2>   Write `nodejs=24.9.0` in `conda:`: it is the newest that fits.
[1]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     tools: lab.yaml:2:66: tools cannot be locked for macOS 15.1 on arm64: conda-forge has no nodejs >99 for these Macs; the newest is 24.9.0. Write `nodejs=24.9.0` in `conda:`: it is the newest that fits.

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]

# A package that no channel has is refused at its line of the lab.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash, "nodejs >99"]}
---
$ torchard lock
2> lab.yaml:2:66: no set of conda packages satisfies tools for osx-arm64-macos15, from conda-forge: Cannot solve the request because of: No candidates were found for nodejs >99.
2>   Loosen a version in `conda:`, or choose another `python:`.
[1]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     tools: lab.yaml:2:66: no set of conda packages satisfies tools for osx-arm64-macos15, from conda-forge: Cannot solve the request because of: No candidates were found for nodejs >99. Loosen a version in `conda:`, or choose another `python:`.

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]

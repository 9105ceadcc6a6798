# A Mac that is not of the arch that the lab says is refused; nothing is done to it.
macs:
- {name: library-01, arch: x86_64, macos: "12.7"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
  macs:
    library-01: {arch: arm64}
---
$ torchard plan
1 Mac  · library-01 · x86_64 · macOS 12.7
  ! blocked     lab.yaml:4:3 says it is arm64, but it is x86_64; write arch: x86_64, or correct its address

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]

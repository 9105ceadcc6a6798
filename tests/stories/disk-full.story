# A Mac without room for its packages is refused before anything is sent to it.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", fault: {disk_free: 1000000}}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     its disk has N kB free, and Miniconda and these packages need more than N MB; make room

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]

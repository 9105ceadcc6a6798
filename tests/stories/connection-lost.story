# A connection that drops in the middle of an apply fails that Mac; the next run goes on.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
lab: {environments: {tools: {conda: [rhash, zstd]}}}
studio-01: {fault: {drop_after: 5}}
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Lock file written: locks/lab/tools.osx-arm64-macos15.json
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ! tools       failed: the connection to 127.0.0.1:2201 was lost; its step goes on by itself, and the same command again waits for it and does the rest

Done: 0 Macs up to date, 1 failed.
[1]
studio-01: {fault: null}
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

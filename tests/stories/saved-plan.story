# A saved plan is shown again, and an apply does exactly that, or says what moved and does nothing.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
lab: {environments: {tools: {conda: [rhash, zstd]}}}
$ torchard plan --out plan.json
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Lock file written: locks/lab/tools.osx-arm64-macos15.json
Nothing has been changed. To do exactly this: torchard apply plan.json
[2]
$ torchard show plan.json
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Planned for /lab/lab.yaml on WHEN UTC.
[2]
# A package that somebody added by hand since then was in no plan.
studio-01$ cd miniconda3/envs/tools/lib/python3.12/site-packages && mkdir pytz-2026.6.dist-info && printf 'Name: pytz\nVersion: 2026.6\n' >pytz-2026.6.dist-info/METADATA
[0]
$ torchard apply --yes plan.json
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     it has changed since the plan was saved: tools has changed on the Mac: pytz none -> 2026.6. Plan again

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
studio-01$ rm -r miniconda3/envs/tools/lib/python3.12/site-packages/pytz-2026.6.dist-info
[0]
# Nor was another macOS, nor another lab.
studio-01: {macos: "15.2"}
$ torchard apply --yes plan.json
1 Mac  · studio-01 · arm64 · macOS 15.2
  ! note        /lab/lab.yaml:4:3 says macOS 15.1, but it runs 15.2
  ! blocked     it has changed since the plan was saved: its macOS was 15.1, and is 15.2 now. Plan again

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
studio-01: {macos: "15.1"}
lab: {environments: {tools: {conda: [rhash]}}}
$ torchard apply --yes plan.json
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     The lock locks/lab/tools.osx-arm64-macos15.json is out of date: its conda_specs has "zstd", which the lab does not ask for. Plan again

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
lab: {environments: {tools: {conda: [rhash, zstd]}}}
# The lab as it was, the plan holds again; applied twice, it finds everything done.
$ torchard apply --yes plan.json
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
$ torchard apply --yes plan.json
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]

# A plan reports another run at work on a Mac, and an apply leaves that Mac to it.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ sleep 300 >/dev/null 2>&1 & mkdir .torchard/lock && { echo $! && TZ=UTC0 ps -o lstart= -p $!; } >.torchard/lock/running && echo 1 2 bob@office >.torchard/lock/owner
[0]
lab: {environments: {tools: {conda: [rhash, zstd]}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! note        a run of bob@office is still at work there
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Lock file written: locks/lab/tools.osx-arm64-macos15.json
Nothing has been changed.
[2]
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! note        a run of bob@office is still at work there
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ! note        a run of bob@office is still at work there
  ! tools       failed: bob@office is at work on this Mac; nothing was done

Done: 0 Macs up to date, 1 failed.
[1]
studio-01$ p=$(head -n 1 .torchard/lock/running); kill "$p"; for i in 1 2 3 4 5 6 7 8 9; do [ -n "$(ps -o lstart= -p "$p")" ] || break; sleep 1; done
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
Nothing has been changed.
[2]

# A plan and an apply report another run at work on a Mac, also between two of its steps.
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
  ! blocked     a run of bob@office is at work there since WHEN UTC; wait for its end, or see `torchard unlock studio-01`

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Lock file written: locks/lab/tools.osx-arm64-macos15.json
Nothing has been changed.
[3]
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     a run of bob@office is at work there since WHEN UTC; wait for its end, or see `torchard unlock studio-01`

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
studio-01$ p=$(head -n 1 .torchard/lock/running); kill "$p"; for i in 1 2 3 4 5 6 7 8 9; do [ -n "$(ps -o lstart= -p "$p")" ] || break; sleep 1; done
[0]
studio-01$ printf '\n\n%s\n600\n' "$(date +%s)" >.torchard/lock/lease
[0]
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     a run of bob@office is at work there since WHEN UTC; its run lock ends at WHEN UTC if it does not go on; wait for its end, or see `torchard unlock studio-01`

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
$ torchard unlock studio-01
2> bob@office holds the run lock of studio-01 since WHEN UTC. No process of it is at work there now.
2>   Let the run finish: its next step may come soon. If the run has ended, its lock ends at WHEN UTC. To remove it now, run `torchard unlock studio-01 lab.yaml --holder 1`.
[1]
studio-01$ printf '\n\n%s\n600\n' 1700000000 >.torchard/lock/lease
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 1 to change                           new generation
      + zstd   1.5.7   conda-forge
    disk        N MB needed, N GB free; N kB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Nothing has been changed.
[2]

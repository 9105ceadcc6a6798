# The holder of a run lock is shown with what to do; only a dead run's lock is removed.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard unlock studio-01
No run holds the lock of studio-01.
[0]
studio-01$ sleep 300 >/dev/null 2>&1 & mkdir .torchard/lock && { echo $! && TZ=UTC0 ps -o lstart= -p $!; } >.torchard/lock/running && echo ab12 2 bob@office >.torchard/lock/owner
[0]
$ torchard unlock studio-01
2> bob@office holds the run lock of studio-01 since WHEN UTC, and is at work: process PID.
2>   Let it finish. If it hangs, end it on the Mac with `kill PID`, or with `kill -9 PID` if that does not help. Its lock goes with it.
[1]
studio-01$ p=$(head -n 1 .torchard/lock/running); kill "$p"; for i in 1 2 3 4 5 6 7 8 9; do kill -0 "$p" 2>/dev/null || break; sleep 1; done
[0]
$ torchard unlock studio-01
2> bob@office holds the run lock of studio-01 since WHEN UTC, but its process has ended.
2>   The next run removes the lock, or run `torchard unlock studio-01 lab.yaml --holder ab12`.
[1]
$ torchard unlock studio-01 --holder cd34
2> bob@office holds the run lock of studio-01 since WHEN UTC, but its process has ended. Nothing was changed: its ID is not cd34.
2>   The next run removes the lock, or run `torchard unlock studio-01 lab.yaml --holder ab12`.
[1]
$ torchard unlock studio-01 --holder ab12
The run lock of bob@office on studio-01 is removed.
[0]

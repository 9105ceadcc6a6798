# Watches the present step, so that one that hangs is ended and its run goes on. POSIX sh, part of
# run_lock.sh. STEP_SECONDS may be set above: for how long a step may show no sign of life.
# A sign of life is processor time of any process of its group, a new process there, or a longer log.
# What a step writes elsewhere takes processor time as well. The watcher counts its own rests and looks
# at no clock, because a Mac that sleeps sets its clock forward. It writes no file, because the disk may
# be full.
STEP_SECONDS=${STEP_SECONDS:-900}
# Prints what changes while the step $step lives; fails if `ps` does not know.
print_life() {
  everything=$(ps -ax -o pgid= -o pid= -o time= 2>/dev/null) || return 1
  printf '%s\n' "$everything" | awk -v group="$step" '$1 == group { print $2, $3 }'
  wc -c <"$log"
}
# Rests for $1 seconds; fails once the step has ended. If the run's shell was killed, nobody ends this
# watcher, and the connection stays open until it ends by itself.
rest() {
  rests=$1
  while [ "$rests" -gt 0 ]; do
    sleep 1 >/dev/null 2>&1 8>&- &
    nap=$!
    wait "$nap"
    kill -0 "-$step" 2>/dev/null || return 1
    rests=$((rests - 1))
  done
}
# Ends the step if it shows no sign of life, with status 75. It prints ENQ to stderr at each look: the
# controller, which may wait for a step for hours, knows by that that the Mac still answers.
watch_step() {
  nap=
  verdict=0
  trap 'kill "$nap" 2>/dev/null; exit "$verdict"' TERM
  trap '' PIPE
  looks=15  # the first one only takes notes
  pause=$((STEP_SECONDS / looks))
  [ "$pause" -gt 0 ] || { looks=$STEP_SECONDS && pause=1; }
  silent_looks=0
  last=
  while rest "$pause" && has_group "$step"; do
    printf '\005' >&2
    silent_looks=$((silent_looks + 1))
    { life=$(print_life) && [ "$life" = "$last" ]; } || silent_looks=0
    last=$life
    [ "$silent_looks" -ge "$looks" ] || continue
    verdict=75
    end_step
    # Then the run goes on and ends this watcher, unless not even SIGKILL ends the step.
    rest 10
    has_group "$step" || exit "$verdict"
    printf '%s\n' "a step shows no sign of life and cannot be ended: a disk of this Mac may not answer.\
 Restart the Mac, and run it again" >&2
    kill -KILL $$  # its lock stays: the step still holds it
    exit "$verdict"
  done
}
# Why the watcher ended the last step, or empty.
silent=
watcher=
start_watcher() {
  watch_step >/dev/null 2>&8 8>&- </dev/null &
  watcher=$!
}
stop_watcher() {
  [ -n "$watcher" ] || return 0
  kill -TERM "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  [ $? != 75 ] || silent="it showed no sign of life in $STEP_SECONDS seconds, so Torchard ended it. A disk\
 may not answer: run \`df\` on the Mac. If the Mac is only slow, raise timeouts.step in the lab file"
  watcher=
}

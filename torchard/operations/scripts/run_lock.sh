# The run lock: one controller at a time works on a Mac. POSIX sh. Above this text are WHO, TOKEN (of
# one run on this Mac), ENDED (the token of a run that has ended, as its controller knows, or empty),
# LEASE (seconds, or 0) and RESUMES (yes if an earlier script of the run took the lock, else empty).
# root is Torchard's own directory. tools.sh and explain_errors.sh come before it.
# A dropped SSH session leaves the work running on the Mac. So the lock names the process that holds it
# and that of its current step. Their start times are there too, as macOS uses a number again.
# Between the scripts of a run no process holds the lock. Then its file `lease` says until when the run
# may go on. Without LEASE, the lock ends with the script.
set -u
LC_ALL=C
export LC_ALL
umask 022
shared=  # yes if all accounts use the prefix
[ "$root" = "$HOME/.torchard" ] || shared=yes
log=/dev/null
exec 8>&2  # where the watcher of a step reports, wherever the step's own stderr goes
# Sets `limit` to what stopped a command, if a limit did. Tools report a limit in many ways, or not at
# all on a full disk. Cleaning up makes room again, so this comes right after the failure.
limit=
find_limit() {
  if [ -n "$silent" ]; then
    limit=$silent
    return
  fi
  # awk compares, as some shells count in 32 bits.
  low=$(read_free "${root%/*}" | awk '{ print ($1 < 1024) }')
  if [ "${low:-0}" = 1 ]; then
    limit=$no_room
  else
    limit=$({ tail -n 200 "$log" && printf '%s\n' "$errors"; } 2>/dev/null | explain_error)
  fi
}
die() {
  [ -n "$limit" ] || find_limit
  printf '%s\n' "$*" ${limit:+"$limit"} >&2
  [ "$log" = /dev/null ] || printf '%s\n' "The whole log is on the Mac: $log" >&2
  exit 1
}
# Two Macs may share a home on a file server. A process number means nothing on another Mac or after a
# restart. So a signature also names the Mac and the time since its start.
hardware=$(read_hardware)
boot=$(read_boot)
# A signature is five lines: a process number, its start, the date, the Mac, and its boot. In a lock,
# the Mac's name follows, for people.
read_signature() { sed 5q "$1" 2>/dev/null; }
newline='
'
# The other Mac whose runs have ended, as a person says: this Mac cannot check that.
ended_on=
# Whether any process of the group $1 still exists. If `ps` does not know, one does.
has_group() {
  kill -0 "-$1" 2>/dev/null || return 1
  members=$(list_group "$1") || return 0
  [ -n "$members" ]
}
# Whether the process of a signature still exists, stopped or not, or for a `step` any of the processes
# that it started. If `ps` does not know, or it is another Mac's, it counts as existing.
is_alive() {
  lines=$1$newline$newline$newline$newline
  pid=${lines%%"$newline"*}
  lines=${lines#*"$newline"}
  start=${lines%%"$newline"*}
  lines=${lines#*"$newline"}
  lines=${lines#*"$newline"}
  its_mac=${lines%%"$newline"*}
  lines=${lines#*"$newline"}
  its_boot=${lines%%"$newline"*}
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  [ -n "$start" ] || return 1
  if [ -n "$its_mac" ] && [ "$its_mac" != "$hardware" ]; then
    [ "$its_mac" != "$ended_on" ]
    return
  fi
  [ -z "$its_boot" ] || [ -z "$boot" ] || [ "$its_boot" = "$boot" ] || return 1
  if kill -0 "$pid" 2>/dev/null; then
    now=$(read_start "$pid")
    [ -z "$now" ] || [ "$now" = "$start" ]
    return
  fi
  # No process gets this number while a group has it.
  [ "${2-}" = step ] && has_group "$pid"
}
# Signs a new directory, never over another run's signature: if this process slept too long, another
# run may have broken its lock.
own=
run_since=  # of a run that an earlier script began
sign() {
  begun=$(read_start $$)
  signed_at=${run_since:-$(date '+%Y-%m-%d %H:%M %Z')}
  own=$(printf '%s\n' "$$" "$begun" "$signed_at" "$hardware" "$boot")
  (set -C && printf '%s\n' "$$" "$begun" "$signed_at" "$hardware" "$boot" "$(uname -n)" \
    >"$1/running") 2>/dev/null
}
is_signed() { [ -n "$own" ] && [ "$(read_signature "$1/running")" = "$own" ]; }
read_token() { sed -n '1s/ .*//p' "$root/lock/owner" 2>/dev/null; }
# Whether the run that holds the lock may go on, although none of its scripts works now.
is_leased() {
  [ -f "$root/lock/lease" ] || return 1
  holder=$(read_token)
  [ "$holder" != "$ENDED" ] && read_lease_end "$root" "$holder" >/dev/null
}
# Whether a script of the run that holds the lock works now, or something that it started. A script that
# has left a lease has ended, on whichever Mac.
is_at_work() {
  [ ! -f "$root/lock/lease" ] || return 1
  is_alive "$(read_signature "$root/lock/running")" ||
    is_alive "$(read_signature "$root/lock/step")" step
}
# Prints who works on this Mac; fails if nobody does. Leaves the signature that it read in `seen`.
print_holder() {
  seen=$(read_signature "$root/lock/running")
  if is_at_work || is_leased; then
    # The owner is written and removed a moment after the signature.
    who=$(sed -n '1s/^[^ ]* [^ ]* //p' "$root/lock/owner" 2>/dev/null)
    printf '%s\n' "${who:-somebody}"
  else
    # Not signed: its owner is about to sign or remove it, or died at that point.
    [ -z "$seen" ] && [ -d "$root/lock" ] && ! is_old "$root/lock" && echo somebody
  fi
}
# Prints the name of the other Mac whose run holds the lock; fails if it is this Mac's.
print_other_mac() {
  case $(sed -n 4p "$root/lock/running" 2>/dev/null) in
    '' | "$hardware") return 1 ;;
  esac
  sed -n 6p "$root/lock/running" 2>/dev/null | tr -cd ' -~'
}
# Whether a file has not changed for a minute.
is_old() { [ -n "$(find "$1" -prune -mmin +1 2>/dev/null)" ]; }
# Renames a directory, never into another one.
rename_directory() { perl -e 'exit !rename $ARGV[0], $ARGV[1]' "$1" "$2" 2>/dev/null; }
# Removes the lock or the mark of breaking at $1 if its signature is $2. After that was read, this process
# may have slept while another run made a new one: then that is put back. Fails if it cannot be removed.
remove_signed() {
  gone=$1.gone-$$
  rm -rf "$gone"
  rename_directory "$1" "$gone" || {
    [ ! -d "$1" ]
    return
  }
  if [ "$(read_signature "$gone/running")" = "$2" ]; then
    rm -rf "$gone" 2>/dev/null || :
  else
    rename_directory "$gone" "$1" || rm -rf "$gone" 2>/dev/null || :
  fi
}
# Does $1 to a lock that exists: breaks it, or resumes it. Only one run does so at a time, and it checks
# the lock again: by then it may be gone, or be a new one without a signature. The mark of breaking is
# signed as well, so a run that stops in between is waited for. Fails if another run has that mark.
breaking=$root/lock.breaking
change_lock() {
  if mkdir "$breaking" 2>/dev/null; then
    sign "$breaking" || return 1
    "$1"
    is_signed "$breaking" && rm -rf "$breaking"
  elif mark=$(read_signature "$breaking/running") && is_alive "$mark"; then
    return 1
  elif [ -n "$mark" ] || is_old "$breaking"; then
    remove_signed "$breaking" "$mark"
  else
    return 1
  fi
}
# Removes a lock whose owner is gone.
break_lock() {
  ! print_holder >/dev/null && [ "$(read_signature "$root/lock/running")" = "$seen" ] || return 0
  if [ -n "$seen" ] || is_old "$root/lock"; then
    remove_signed "$root/lock" "$seen" || {
      rm -rf "$breaking"
      die "the lock of a dead run, $root/lock, cannot be removed; remove it on the Mac, and run it again"
    }
  fi
}
mine=''
# Takes the lock over from the script of this run that was the last one. The date stays the run's.
resume_lock() {
  [ "$(read_token)" = "$TOKEN" ] && ! is_at_work || return 0
  rm -f "$root/lock/lease" "$root/lock/step"
  printf '%s\n' "$$" "$begun" "$signed_at" "$hardware" "$boot" "$(uname -n)" \
    >"$root/lock/running.new" &&
    mv -f "$root/lock/running.new" "$root/lock/running" && mine=yes
}
# Ends the lock, or leaves it to the next script of this run. A controller that has given up meanwhile
# has made `last`.
release_lock() {
  status=$?
  [ -n "$mine" ] || return 0
  case $(read_signature "$root/lock/running") in
    "$own") ;;
    '') rm -rf "$root/lock" && return ;;
    *) return 0 ;;
  esac
  if [ "$status" = 0 ] && [ "$LEASE" != 0 ] && [ ! -e "$root/lock/last" ]; then
    rm -f "$root/lock/step"
    now=$(date +%s)
    { printf '%s\n' "$hardware" "$boot" "$now" "$LEASE" >"$root/lock/lease.new" &&
      mv -f "$root/lock/lease.new" "$root/lock/lease"; } 2>/dev/null && return
  fi
  rm -rf "$root/lock"
}
# The present step: the number of its process, and of the group that it leads.
step=
# Ends the present step with all that it started: first SIGTERM, and SIGKILL ten seconds later.
end_step() {
  [ -n "$step" ] || return 0
  # It may not lead its group yet.
  kill -TERM "-$step" 2>/dev/null || kill -TERM "$step" 2>/dev/null
  waited=0
  while has_group "$step"; do
    [ "$waited" != 10 ] || kill -KILL "-$step" 2>/dev/null
    [ "$waited" -lt 20 ] || break
    waited=$((waited + 1))
    sleep 1
  done
}
# Ends with the status of a signal.
stop() {
  trap - EXIT  # mksh ends with status 0 if one trap exits into the other
  end_step
  stop_watcher
  LEASE=0
  release_lock
  exit "$1"
}
lock_ended="this run's lock on the Mac has ended, after a long time without a step or by a person's hand;\
 it stopped where it was"
# Says whose lock is in the way, and stops.
refuse() {
  since=$(sed -n 3p "$root/lock/running" 2>/dev/null)
  until=
  if [ -f "$root/lock/lease" ]; then
    until=$(read_lease_end "$root" "$(read_token)") && until=$(date -r "$until" '+%H:%M %Z' 2>/dev/null)
  elif other=$(print_other_mac); then
    die "$busy is at work in this home from another Mac, ${other:-without a name}${since:+,}\
${since:+ since $since}; nothing was done. If nothing of Torchard runs on that Mac any more,\
 remove its lock with \`torchard unlock\`"
  fi
  # A run of the same controller whose connection dropped is waited for.
  [ "$busy" != "$WHO" ] && [ "$busy" != somebody ] || return 0
  die "$busy is at work on this Mac${since:+ since $since}${until:+; its lock ends at $until if it does\
 not go on}; nothing was done"
}
take_lock() {
  missing=$(find_missing_tools caffeinate df find grep ioreg perl ps sed shasum sysctl tail tar)
  # shellcheck disable=SC2086,SC2116 # several names, one a line
  [ -z "$missing" ] || die "this Mac has no $(echo $missing): not on the account's PATH\
 ($account_path), and not in /usr/sbin or /sbin; nothing was done"
  # Without this test, a directory that cannot be made would look like a lock that is taken.
  attempt mkdir -p "$root/log" "$root/depot/incoming" "$root/kits" "$root/generations" \
    "$root/home" "$root/lock.try-$$" || die "$root cannot be written; nothing was done"
  # Another account could replace what runs here. Until a file is verified, no other one may open it.
  # shellcheck disable=SC3067 # every sh knows -O
  [ -z "$shared" ] || { [ -O "${root%/*}" ] && [ -O "$root" ] && chmod 700 "$root/depot/incoming"; } ||
    die "$root does not belong to $(id -un); nothing was done"
  rmdir "$root"/lock.try-* 2>/dev/null  # with those of runs that were killed just here
  trap release_lock EXIT
  trap 'stop 129' HUP
  trap 'stop 130' INT
  trap 'stop 143' TERM
  # The connection may be gone when this prints something; the work goes on.
  trap : PIPE
  waited=0
  if [ -n "$RESUMES" ]; then
    run_since=$(sed -n 3p "$root/lock/running" 2>/dev/null)
    until [ -n "$mine" ]; do
      [ "$(read_token)" = "$TOKEN" ] || die "$lock_ended; run it again"
      change_lock resume_lock || :
      [ -n "$mine" ] || wait_for_lock
    done
    return
  fi
  until mkdir "$root/lock" 2>/dev/null; do
    if busy=$(print_holder); then
      refuse
    elif change_lock break_lock; then
      continue
    fi
    wait_for_lock
  done
  mine=yes
  { sign "$root/lock" && printf '%s %s %s\n' "$TOKEN" "$(date +%s)" "$WHO" >"$root/lock/owner"; } ||
    die "$root/lock cannot be written; nothing was done"
}
wait_for_lock() {
  [ "$waited" -lt 3600 ] ||
    die "an earlier run is still at work on this Mac after an hour; its log is in $root/log"
  # A line now and then is a sign of life.
  [ $((waited % 60)) != 59 ] || echo "waiting for an earlier run"
  waited=$((waited + 1))
  sleep 1
}
# Stops if this run's lock is gone: a person may have removed it and let another run in.
need_lock() {
  is_signed "$root/lock" || die "$lock_ended"
}
# Opens a new log, and removes the oldest, whose names begin with the date.
open_log() {
  log=$root/log/$(date +%Y%m%d-%H%M%S)-$1-$$.log
  (cd "$root/log" && ls) | grep '\.log$' | sort -r | tail -n "+$KEEP_LOGS" |
    while IFS= read -r old; do rm -f "$root/log/$old"; done
}
# The hardware's own arch, whatever the shell runs as.
native=''
[ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ] && native='arch -arm64'
# Runs a command without the account's settings: no variables, and another home, where conda finds no
# .condarc, pip no pip.conf and distutils no .pydistutils.cfg. PREFIX/.condarc and /etc/conda remain, so
# variables override their technical settings: soft links would break with the cache, shortcuts with
# their generation, and nothing is downloaded, so certificates do not count. What an administrator
# forbids is not overridden: it blocks the Mac in the plan (torchard/plan/conda_settings.py). The command
# signs the lock first, and leads a process group of its own: if this shell is killed, or the command
# itself, the next run waits for what they had started. The shell only waits, so that a signal reaches it.
run_cleanly() {
  # shellcheck disable=SC2016 # perl and the inner shell expand them
  (cd / && exec env -i HOME="$root/home" PATH="$PATH" USER="${USER:-}" TMPDIR="${TMPDIR:-/tmp}" \
    LC_ALL=C CONDA_PKGS_DIRS="$root/pkgs" CONDA_REGISTER_ENVS=false CONDA_SHORTCUTS=false \
    CONDA_ALLOW_SOFTLINKS=false CONDA_ALWAYS_SOFTLINK=false CONDA_NUMBER_CHANNEL_NOTICES=0 \
    CONDA_AUTO_UPDATE_CONDA=false CONDA_ALWAYS_COPY=false CONDA_SSL_VERIFY=true \
    CONDA_CHANNEL_ALIAS=https://conda.anaconda.org CONDA_CHANNEL_PRIORITY=strict \
    CONDA_DEFAULT_THREADS=0 CONDA_DOWNLOAD_ONLY=false CONDA_DRY_RUN=false CONDA_JSON=false \
    CONDA_PATH_CONFLICT=clobber CONDA_REPORT_ERRORS=false CONDA_ROLLBACK_ENABLED=true \
    CONDA_SAFETY_CHECKS=warn ${SUBDIR:+CONDA_SUBDIR="$SUBDIR"} KEEP_UPLOADS="$KEEP_UPLOADS" \
    SHARED="$shared" PIP_CONFIG_FILE=/dev/null \
    perl -e 'setpgrp(0, 0); exec { $ARGV[0] } @ARGV or exit 127' \
    sh -c 'printf "%s\n" "$$" "$(TZ=UTC0 ps -o lstart= -p "$$")" "" "$1" "$2" >"$0" &&
      shift 2 && exec "$@"' "$root/lock/step" "$hardware" "$boot" "$@") 8>&- &
  step=$!
  start_watcher
  wait "$step"
  set -- $?
  stop_watcher
  # A command that was killed leaves what it had started, which would go on writing.
  ! has_group "$step" || end_step
  step=
  return "$1"
}
# Lets every account read the files at $1, and only this account change them, if they share the prefix.
share_tree() { [ -z "$shared" ] || run_cleanly chmod -R go-w,a+rX "$1"; }
# Removes files and directories, as a step: it may take long.
remove_trees() { run_cleanly rm -rf "$@"; }
# Runs a long command natively and keeps the Mac awake; its output goes into the log.
run_logged() {
  need_lock
  printf '+ %s\n' "$*" >>"$log"
  # shellcheck disable=SC2086 # native is two words, or none
  run_cleanly caffeinate -i $native "$@" >>"$log" 2>&1 </dev/null && return
  set -- $?
  # 128 and SIGXFSZ, which ends a program without a message.
  [ "$1" != 153 ] || errors='File size limit exceeded'
  find_limit
  return "$1"
}
# Prints the cause of a failure from a log. An unexpected error of conda ends with some 80 lines on how
# to report it: its cause is the last line of the traceback, and what follows it (conda's
# exception_handler.py). For any other error it prints the end, with the line that names the error. Long
# lines are cut.
print_cause() {
  tail -c 65536 "$1" | awk -v most=20 -v widest=400 '
    function shortened(line) {
      if (length(line) <= widest) return line
      line = substr(line, 1, widest)
      sub(/[^ -~]+$/, "", line)  # half of a character, perhaps
      return line "..."
    }
    { line = shortened($0); last[NR % most] = line }
    /^# >+ ERROR REPORT <+$/ { report = 1; inside = causes = 0; next }
    report && /^    Traceback \(most recent call last\):$/ { inside = 1; causes = 0; next }
    report && /^`\$ / { report = 0; next }
    report && inside && (causes || /^    [^ ]/) {
      sub(/^    /, "", line)
      if (causes < most && line != "") cause[++causes] = line
    }
    /^V V V V V / { expected = 1; causes = 0; next }
    /^A reportable application error has occurred/ { expected = 0 }
    expected && $0 != "" && causes < most { cause[++causes] = line }
    /^[A-Za-z]+(Error|Exception|NotAllowed|Denied): / || /^ERROR: / { named = NR; name = line }
    END {
      for (i = 1; i <= causes; i++) print cause[i]
      if (causes) exit
      first = NR > most ? NR - most + 1 : 1
      if (named && named < first) {
        print name
        print "..."
        first += 2
      }
      for (i = first; i <= NR; i++) print last[i % most]
    }'
}
fail() {
  [ "$log" = /dev/null ] || print_cause "$log" >&2
  die "$1"
}
# Moves a path to a free name beside it, kept in `aside`: nothing of a person's is lost.
set_aside() {
  name_aside "$1"
  move_aside "$1"
}
name_aside() {
  aside=$1.torchard-aside-$(date +%Y%m%d-%H%M%S)
  while [ -e "$aside" ] || [ -L "$aside" ]; do aside=$aside+; done
}
move_aside() { attempt mv "$1" "$aside" || die "$1 is in the way and cannot be moved aside"; }

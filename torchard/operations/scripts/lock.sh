# One controller at a time works on a Mac. POSIX sh; WHO and TOKEN are set above this text, where
# tools.sh and limits.sh stand as well.
# A dropped SSH session leaves the work running here, so the lock names the process that holds it,
# and the step that it is at: a number alone could be another's by now, so its start time stands
# beside it.
set -u
LC_ALL=C
export LC_ALL
umask 022
root=$HOME/.torchard
log=/dev/null
# Tools report a limit in many ways, or not at all if nothing can be written;
# and what gives up makes room again. So this is asked as soon as something has failed.
limit=
look_for_limit() {
  # awk compares, as some shells count in 32 bits.
  low=$(read_free "$HOME" | awk '{ print ($1 < 1024) }')
  if [ "${low:-0}" = 1 ]; then
    limit=$no_room
  else
    limit=$({ tail -n 200 "$log" && printf '%s\n' "$errors"; } 2>/dev/null | name_limit)
  fi
}
die() {
  [ -n "$limit" ] || look_for_limit
  printf '%s\n' "$*" ${limit:+"$limit"} >&2
  [ "$log" = /dev/null ] || printf '%s\n' "The whole log is on the Mac: $log" >&2
  exit 1
}
# Two Macs may have one home, on a file server. A number means nothing on another Mac, and no process
# lives on after a restart; so a signature names the Mac and the time since it was started as well.
hardware=$(read_hardware)
boot=$(read_boot)
# A signature is five lines: the number of a process, its start, the date, the Mac, and its boot. In a
# lock the name of the Mac follows, for people.
signature() { sed 5q "$1" 2>/dev/null; }
newline='
'
# The Mac whose runs a person says have ended: nothing here can look at another Mac.
ended_on=
# Whether the process of a signature is still there, stopped or not. Where `ps` cannot tell, or it is
# another Mac's, it is.
alive() {
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
  kill -0 "$pid" 2>/dev/null || return 1
  now=$(read_start "$pid")
  [ -z "$now" ] || [ "$now" = "$start" ]
}
# Signs a directory that was just made. Never over another's signature: should this process have
# slept until somebody took it for a dead one's, it is theirs.
own=
sign() {
  begun=$(read_start $$)
  signed_at=$(date '+%Y-%m-%d %H:%M %Z')
  own=$(printf '%s\n' "$$" "$begun" "$signed_at" "$hardware" "$boot")
  (set -C && printf '%s\n' "$$" "$begun" "$signed_at" "$hardware" "$boot" "$(uname -n)" \
    >"$1/running") 2>/dev/null
}
signed() { [ -n "$own" ] && [ "$(signature "$1/running")" = "$own" ]; }
# Prints who works here; fails when nobody does. Leaves in `seen` the signature that it judged.
holder() {
  seen=$(signature "$root/lock/running")
  if alive "$seen" || alive "$(signature "$root/lock/step")"; then
    # The owner is written, and removed, a moment apart from the signature.
    who=$(sed -n '1s/^[^ ]* [^ ]* //p' "$root/lock/owner" 2>/dev/null)
    printf '%s\n' "${who:-somebody}"
  else
    # Not signed yet, or not any more: that is over in a moment, or else its owner died just then.
    [ -z "$seen" ] && [ -d "$root/lock" ] && ! old "$root/lock" && echo somebody
  fi
}
# Prints the name of the other Mac whose run holds the lock.
other_mac() {
  case $(sed -n 4p "$root/lock/running" 2>/dev/null) in
    '' | "$hardware") return 1 ;;
  esac
  sed -n 6p "$root/lock/running" 2>/dev/null | tr -cd ' -~'
}
old() { [ -n "$(find "$1" -prune -mmin +1 2>/dev/null)" ]; }
# Removes a lock whose owner is gone. Only one may do so at a time, and judges again once it may; by
# then the lock may have gone, and another have come that nobody has signed yet. The mark is signed
# as well: one that is stopped between its judgement and its deed is waited for, however long.
break_stale() {
  breaking=$root/lock.breaking
  if mkdir "$breaking" 2>/dev/null; then
    sign "$breaking" || return 1
    if ! holder >/dev/null && [ "$(signature "$root/lock/running")" = "$seen" ]; then
      if [ -n "$seen" ] || old "$root/lock"; then rm -rf "$root/lock"; fi
    fi
    signed "$breaking" && rm -rf "$breaking"
  elif mark=$(signature "$breaking/running") && alive "$mark"; then
    return 1
  elif [ -n "$mark" ] || old "$breaking"; then
    rm -rf "$breaking"
  else
    return 1
  fi
}
mine=''
release() {
  [ -n "$mine" ] || return 0
  case $(signature "$root/lock/running") in
    "$own" | '') rm -rf "$root/lock" ;;
  esac
}
take_lock() {
  missing=$(missing_tools caffeinate df find grep ioreg ps sed shasum sysctl tail tar)
  # shellcheck disable=SC2086,SC2116 # several names, one a line
  [ -z "$missing" ] || die "this Mac has no $(echo $missing): not on the account's PATH\
 ($account_path), and not in /usr/sbin or /sbin; nothing was done"
  # A directory that cannot be made would otherwise be waited for like a lock that is taken.
  attempt mkdir -p "$root/log" "$root/depot/incoming" "$root/kits" "$root/generations" \
    "$root/home" "$root/lock.try-$$" || die "$root cannot be written; nothing was done"
  rmdir "$root"/lock.try-* 2>/dev/null  # with those of runs that were killed just here
  trap release EXIT
  # mksh ends with status 0 where one trap exits into the other.
  trap 'trap - EXIT; release; exit 129' HUP
  trap 'trap - EXIT; release; exit 130' INT
  trap 'trap - EXIT; release; exit 143' TERM
  # Whoever started this may be gone when it has something to say; the work goes on.
  trap : PIPE
  waited=0
  until mkdir "$root/lock" 2>/dev/null; do
    if busy=$(holder); then
      since=$(sed -n 3p "$root/lock/running" 2>/dev/null)
      if other=$(other_mac); then
        die "$busy is at work in this home from another Mac, ${other:-without a name}${since:+,}\
${since:+ since $since}; nothing was done. If nothing of Torchard runs on that Mac any more,\
 remove its lock with \`torchard unlock\`"
      fi
      # What this same controller left behind when its connection dropped is waited for.
      if [ "$busy" != "$WHO" ] && [ "$busy" != somebody ]; then
        die "$busy is at work on this Mac${since:+ since $since}; nothing was done"
      fi
    elif break_stale; then
      continue
    fi
    [ "$waited" -lt 3600 ] ||
      die "an earlier run is still at work on this Mac after an hour; its log is in $root/log"
    waited=$((waited + 1))
    sleep 1
  done
  mine=yes
  { sign "$root/lock" && printf '%s %s %s\n' "$TOKEN" "$(date +%s)" "$WHO" >"$root/lock/owner"; } ||
    die "$root/lock cannot be written; nothing was done"
}
# Before anything is done under the lock: whoever removed it by hand let another run in.
keep_lock() {
  signed "$root/lock" || die "this run's lock on the Mac was taken away; it stopped where it was"
}
open_log() { log=$root/log/$(date +%Y%m%d-%H%M%S)-$1-$$.log; }
# The hardware's own arch, whatever the shell runs as.
native=''
[ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ] && native='arch -arm64'
# Runs a step with nothing of the account's: no variables, and another home, where conda finds no
# .condarc, pip no pip.conf and distutils no .pydistutils.cfg. Variables override what is only
# technical in the settings that remain, PREFIX/.condarc and /etc/conda: a package that is linked
# softly would break with the cache, a shortcut with its generation, and nothing is fetched, so no
# certificate counts. What an administrator forbids is not overridden: it blocks the Mac in the plan
# (torchard/plan/conda_settings.py). It signs the lock first: should this shell be killed and not the step,
# the next run waits for the step as well.
step() {
  # shellcheck disable=SC2016 # that shell is to expand them
  (cd / && exec env -i HOME="$root/home" PATH="$PATH" USER="${USER:-}" TMPDIR="${TMPDIR:-/tmp}" \
    LC_ALL=C CONDA_PKGS_DIRS="$root/pkgs" CONDA_REGISTER_ENVS=false CONDA_SHORTCUTS=false \
    CONDA_ALLOW_SOFTLINKS=false CONDA_ALWAYS_SOFTLINK=false CONDA_NUMBER_CHANNEL_NOTICES=0 \
    CONDA_AUTO_UPDATE_CONDA=false CONDA_ALWAYS_COPY=false CONDA_SSL_VERIFY=true \
    CONDA_CHANNEL_ALIAS=https://conda.anaconda.org CONDA_CHANNEL_PRIORITY=strict \
    CONDA_DEFAULT_THREADS=0 CONDA_DOWNLOAD_ONLY=false CONDA_DRY_RUN=false CONDA_JSON=false \
    CONDA_PATH_CONFLICT=clobber CONDA_REPORT_ERRORS=false CONDA_ROLLBACK_ENABLED=true \
    CONDA_SAFETY_CHECKS=warn ${SUBDIR:+CONDA_SUBDIR="$SUBDIR"} PIP_CONFIG_FILE=/dev/null \
    sh -c 'printf "%s\n" "$$" "$(TZ=UTC0 ps -o lstart= -p "$$")" "" "$1" "$2" >"$0" &&
      shift 2 && exec "$@"' "$root/lock/step" "$hardware" "$boot" "$@")
}
# Runs a long step awake and natively, into the log.
run() {
  keep_lock
  printf '+ %s\n' "$*" >>"$log"
  # shellcheck disable=SC2086 # native is two words, or none
  step caffeinate -i $native "$@" >>"$log" 2>&1 </dev/null && return
  set -- $?
  # 128 and SIGXFSZ: what is ended by it has no last word.
  [ "$1" != 153 ] || errors='File size limit exceeded'
  look_for_limit
  return "$1"
}
# Prints what a log says of a failure. An unexpected error of conda ends in some 80 lines on how to
# report it: its cause is the last line of the traceback, and what follows it (conda's
# exception_handler.py). Of anything else the end is shown, with the line that names the error. Each
# line is bounded.
show_cause() {
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
failed() {
  [ "$log" = /dev/null ] || show_cause "$log" >&2
  die "$1"
}
# shasum is a Perl script, and a Perl that is told to read text counts other bytes.
sha256_of() { env -i PATH="$PATH" LC_ALL=C shasum -a 256 <"$1" | cut -d ' ' -f 1; }
# Verifies a file that has arrived, or is here from before, and keeps it in the depot; nothing is
# used unverified.
place() {
  found=''
  for file in "$root/depot/incoming/$1" "$root/depot/$1"; do
    [ -f "$file" ] || continue
    chmod 644 "$file"  # an account may leave its files open to its group, which may be everybody
    found=$(sha256_of "$file")
    if [ "$found" = "$1" ]; then
      [ "$file" = "$root/depot/$1" ] || mv "$file" "$root/depot/$1"
      return
    fi
    rm -f "$file"
  done
  if [ -n "$found" ]; then
    printf '%s\n' "$2 has the wrong sha256: wanted $1, found $found. It was removed." >&2
  else
    printf '%s\n' "$2 did not arrive in this Mac's depot, where its sha256 is $1." >&2
  fi
  return 1
}
# Gives a file a second name, or copies it where the volume has no hard links (SMB, exFAT).
share() {
  ln -f "$1" "$2" 2>/dev/null || { rm -f "$2" && attempt cp "$1" "$2"; }
}
# Moves what is in the way to a free name beside it, left in `aside`: nothing of a person's is lost.
set_aside() {
  aside=$1.torchard-aside-$(date +%Y%m%d-%H%M%S)
  while [ -e "$aside" ] || [ -L "$aside" ]; do aside=$aside+; done
  attempt mv "$1" "$aside" || die "$1 is in the way and cannot be moved aside"
}

# One controller at a time works on a Mac. POSIX sh; WHO and TOKEN are set above this text.
# A dropped SSH session leaves the work running here, so the lock names the process that holds it:
# a number alone could be another's by now, so its start time stands beside it.
set -u
LC_ALL=C
export LC_ALL
umask 022
root=$HOME/.torchard
log=/dev/null
die() {
  printf '%s\n' "$*" >&2
  [ "$log" = /dev/null ] || printf '%s\n' "The whole log is on the Mac: $log" >&2
  exit 1
}
started() { ps -o lstart= -p "$1" 2>/dev/null; }
# Prints who works here; fails when nobody does.
holder() {
  pid=$(sed -n 1p "$root/lock/running" 2>/dev/null)
  since=$(sed -n 2p "$root/lock/running" 2>/dev/null)
  if [ -z "$pid" ]; then
    # The lock is a moment old, and its owner is about to sign it; or its owner died just then.
    [ -d "$root/lock" ] && [ -z "$(find "$root/lock" -prune -mmin +1 2>/dev/null)" ] &&
      echo 'somebody'
    return
  fi
  case $pid in *[!0-9]*) return 1 ;; esac
  [ "$(started "$pid")" = "$since" ] || return 1
  cut -d ' ' -f 3- <"$root/lock/owner"
}
# Removes a lock whose owner is gone. Only one may do so at a time, and looks again once it may:
# otherwise the lock that another took a moment ago would go too.
break_stale() {
  if ! mkdir "$root/lock.breaking" 2>/dev/null; then
    [ -z "$(find "$root/lock.breaking" -prune -mmin +1 2>/dev/null)" ] ||
      rmdir "$root/lock.breaking" 2>/dev/null
    return 0
  fi
  holder >/dev/null || rm -rf "$root/lock"
  rmdir "$root/lock.breaking"
}
take_lock() {
  mkdir -p "$root/log" "$root/depot/incoming" "$root/kits" "$root/generations" ||
    die "$root cannot be written"
  waited=0
  until mkdir "$root/lock" 2>/dev/null; do
    if busy=$(holder); then
      # What this same controller left behind when its connection dropped is waited for.
      if [ "$busy" != "$WHO" ] && [ "$busy" != somebody ]; then
        at=$(cut -d ' ' -f 2 <"$root/lock/owner" 2>/dev/null)
        die "$busy works on this Mac since $at (seconds since 1970); nothing was done"
      fi
      [ "$waited" -lt 3600 ] || die "an earlier run still works on this Mac after an hour"
      waited=$((waited + 1))
      sleep 1
    else
      break_stale
    fi
  done
  trap 'rm -rf "$root/lock"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '%s %s %s\n' "$TOKEN" "$(date +%s)" "$WHO" >"$root/lock/owner"
  printf '%s\n%s\n' "$$" "$(started $$)" >"$root/lock/running"
}
open_log() { log=$root/log/$(date +%Y%m%d-%H%M%S)-$1-$$.log; }
# The hardware's own arch, whatever the shell runs as.
native=''
[ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ] && native='arch -arm64'
# Runs a long step awake, natively, with nothing of the account's environment, into the log.
run() {
  printf '+ %s\n' "$*" >>"$log"
  # shellcheck disable=SC2086 # native is two words, or none
  (cd / && exec env -i HOME="$HOME" PATH="$PATH" USER="${USER:-}" TMPDIR="${TMPDIR:-/tmp}" \
    LC_ALL=C CONDA_PKGS_DIRS="$root/pkgs" CONDA_REGISTER_ENVS=false \
    CONDA_NUMBER_CHANNEL_NOTICES=0 CONDA_AUTO_UPDATE_CONDA=false PIP_CONFIG_FILE=/dev/null \
    caffeinate -i $native "$@") >>"$log" 2>&1 </dev/null
}
failed() {
  [ "$log" = /dev/null ] || tail -n "${2:-20}" "$log" >&2
  die "$1"
}
sha256_of() { shasum -a 256 <"$1" | cut -d ' ' -f 1; }
# Moves one file from incoming to the depot, or finds it there; nothing is used unverified.
place() {
  [ -f "$root/depot/$1" ] || mv "$root/depot/incoming/$1" "$root/depot/$1" 2>/dev/null ||
    die "$2 did not arrive in this Mac's depot"
  actual=$(sha256_of "$root/depot/$1")
  [ "$actual" = "$1" ] && return 0
  rm -f "$root/depot/$1"
  printf '%s\n' "$2 has the wrong sha256: wanted $1, found $actual. It was removed." >&2
  return 1
}

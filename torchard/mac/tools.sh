# The tools of macOS, and what they print of this Mac. POSIX sh, part of the probe and of every script
# that changes a Mac. An account's PATH may lack /usr/sbin and /sbin, so both are searched last. A
# simulated Mac has them below a root of its own.
account_path=${PATH-}
PATH=$account_path:${TORCHARD_ROOT-}/usr/sbin:${TORCHARD_ROOT-}/sbin
export PATH
# Prints where a tool is; fails if this Mac does not have it.
find_tool() { command -v "$1" 2>/dev/null; }
# Prints the names of the tools that this Mac lacks.
# shellcheck disable=SC2329 # not every script calls this, nor the functions that follow
find_missing_tools() {
  for tool in "$@"; do
    find_tool "$tool" >/dev/null || printf '%s\n' "$tool"
  done
}
# Prints the UUID of this Mac's hardware (Apple's IOKit): its name may change, and its disk be a copy.
# shellcheck disable=SC2329
read_hardware() {
  ioreg -rd1 -c IOPlatformExpertDevice 2>/dev/null |
    sed -n '/^.*"IOPlatformUUID" = "\([0-9A-Fa-f-]\{1,64\}\)".*$/{s//\1/p;q;}'
}
# Prints the UUID of the time since this Mac started: no process is older.
# shellcheck disable=SC2329
read_boot() { sysctl -n kern.bootsessionuuid 2>/dev/null | tr -cd '0-9A-Fa-f-'; }
# Prints when the process $1 started, in UTC: the Mac's own time zone may change while a run works.
# shellcheck disable=SC2329
read_start() { TZ=UTC0 ps -o lstart= -p "$1" 2>/dev/null; }
# Prints the processes of the group $1 that have not ended; fails if `ps` does not know.
# shellcheck disable=SC2329
list_group() {
  everything=$(ps -ax -o pid= -o pgid= -o stat= 2>/dev/null) || return 1
  printf '%s\n' "$everything" | awk -v group="$1" '$2 == group && $3 !~ /^Z/ { print $1 }'
}
# Prints when the lease in the run lock below $1 ends, in seconds since 1970; fails if it has ended. The
# token of its run is $2. A lease ends so many seconds after its start, either way: somebody may have set
# the clock. It ends with a restart. While the run uploads a file, it goes on.
# shellcheck disable=SC2329
read_lease_end() {
  # A file that cannot be opened is reported before a redirection beside it takes effect.
  { { read -r its_mac && read -r its_boot && read -r its_start && read -r its_length; } \
    <"$1/lock/lease"; } 2>/dev/null || return 1
  case $its_start:$its_length in *[!0-9:]* | :* | *: | *???????????????????*) return 1 ;; esac
  if [ "$its_mac" = "$(read_hardware)" ] && [ -n "$its_boot" ]; then
    its_boot_now=$(read_boot)
    [ "${its_boot_now:-$its_boot}" = "$its_boot" ] || return 1
  fi
  its_now=$(date +%s)
  if [ "$its_now" -lt $((its_start + its_length)) ] && [ "$its_now" -gt $((its_start - its_length)) ]; then
    echo $((its_start + its_length))
  elif is_growing "$1/depot/incoming" "$2"; then
    echo $((its_now + its_length))
  else
    return 1
  fi
}
# Whether a file that the run $2 uploads to $1 has grown within two minutes; `find` rounds up.
# shellcheck disable=SC2329
is_growing() {
  case $2 in '' | *[!0-9A-Za-z-]*) return 1 ;; esac
  [ -n "$(find "$1" -name "*.$2" -type f -mmin -3 ! -mmin -0 2>/dev/null)" ]
}
# Prints how many kilobytes are free on the volume of the path $1; nothing if df does not say. The name
# of a volume may hold spaces, so the number is the one before the first percentage.
# shellcheck disable=SC2329
read_free() {
  df -Pk "$1" 2>/dev/null | awk '
    NR == 2 { for (i = 5; i <= NF; i++) if ($i ~ /^[0-9]+%$/) { print $(i - 1); exit } }'
}

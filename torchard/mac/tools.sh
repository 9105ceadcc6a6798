# Where macOS keeps its own tools. POSIX sh, part of the probe and of what works under the run lock.
# An account's PATH may lack /usr/sbin and /sbin, and a tool that is not found gives no answer. So
# both folders are searched last. A simulated Mac has them below a root of its own.
account_path=${PATH-}
PATH=$account_path:${TORCHARD_ROOT-}/usr/sbin:${TORCHARD_ROOT-}/sbin
export PATH
# Prints where a tool is; fails where this Mac has none of that name.
find_tool() { command -v "$1" 2>/dev/null; }
# Prints the names of the tools that this Mac lacks.
# shellcheck disable=SC2329 # not every script asks for this, nor for what follows
missing_tools() {
  for tool in "$@"; do
    find_tool "$tool" >/dev/null || printf '%s\n' "$tool"
  done
}
# What names this Mac, whatever its name is, and even if its disk is a copy: by Apple's IOKit, the UUID
# of the hardware.
# shellcheck disable=SC2329
read_hardware() {
  ioreg -rd1 -c IOPlatformExpertDevice 2>/dev/null |
    sed -n 's/^.*"IOPlatformUUID" = "\([0-9A-Fa-f-]\{1,64\}\)".*$/\1/p' | sed 1q
}
# What names the time since this Mac was started: no process is older.
# shellcheck disable=SC2329
read_boot() { sysctl -n kern.bootsessionuuid 2>/dev/null | tr -cd '0-9A-Fa-f-'; }

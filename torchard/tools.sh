# Where macOS keeps its own tools. POSIX sh, part of the probe and of what works under the run lock.
# An account's PATH may lack /usr/sbin and /sbin, and a tool that is not found gives no answer. So
# both folders are searched last. A simulated Mac has them below a root of its own.
account_path=${PATH-}
PATH=$account_path:${TORCHARD_ROOT-}/usr/sbin:${TORCHARD_ROOT-}/sbin
export PATH
# Prints where a tool is; fails where this Mac has none of that name.
find_tool() { command -v "$1" 2>/dev/null; }
# Prints the names of the tools that this Mac lacks.
missing_tools() {
  for tool in "$@"; do
    find_tool "$tool" >/dev/null || printf '%s\n' "$tool"
  done
}

# When a Miniconda is whole. POSIX sh, part of the probe and of what installs.
# An interrupted installer leaves bin/conda and an empty history. So the installer's own signs decide,
# not the presence of a directory (constructor, header.sh).

# Whether the prefix at $1 holds a file that the installer removes when it ends.
is_unfinished() {
  for leftover in .messages.txt install_tmp preconda.tar.bz2 postconda.tar.bz2; do
    [ ! -e "$1/$leftover" ] || return 0
  done
  return 1
}
# Whether the Miniconda at $1 is whole.
is_whole_prefix() {
  [ -x "$1/bin/conda" ] && [ -x "$1/bin/python" ] && [ -f "$1/conda-meta/history" ] &&
    ! is_unfinished "$1" && grep -q '^# update specs:' "$1/conda-meta/history" 2>/dev/null
}
# Prints the Miniconda that a stopped run set aside for the one at $1. Its links go over to that one.
print_prefix_before() {
  if [ ! -f "$1/.torchard.json" ] && [ -f "$2/installing" ] &&
    [ "$(sed 1q "$2/installing")" = "$1" ]; then
    its_before=$(sed -n 3p "$2/installing")
    ! is_whole_prefix "$its_before" || printf '%s\n' "$its_before"
  fi 2>/dev/null
}
# Prints the mark that Torchard left in the Miniconda at $1, or the one that a stopped run was about to
# write. $2 is Torchard's own directory. What is older than that run is not its own.
print_prefix_mark() {
  if [ -f "$1/.torchard.json" ]; then
    head -c 65536 "$1/.torchard.json"
  elif [ "$(sed 1q "$2/installing")" = "$1" ] && [ ! "$2/installing" -nt "$1/conda-meta/history" ]; then
    sed -n 2p "$2/installing" | head -c 65536
  fi 2>/dev/null | tr -cd ' -~'
}

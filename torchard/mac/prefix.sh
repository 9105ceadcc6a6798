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

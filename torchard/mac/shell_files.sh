# The files that a shell reads when it starts. POSIX sh, part of the probe, whose `say` and `code` it
# uses. Only conda's own block is read, between BLOCK_BEGIN and BLOCK_END, which are set above: the rest
# of a person's file may be secret.

# Says where a shell's file really lies, and what would prevent a change of it.
say_shell_file() {
  place=$HOME/$1
  hops=0
  while [ -L "$place" ] && [ "$hops" -lt 16 ]; do
    follow_link
    hops=$((hops + 1))
  done
  folder=$(cd "${place%/*}/" 2>/dev/null && pwd -P)
  home=$(cd "$HOME" 2>/dev/null && pwd -P)
  place=${folder%/}/${place##*/}
  if [ -z "$folder" ] || { [ -L "$HOME/$1" ] && [ ! -e "$place" ]; }; then
    state=odd
  elif [ -e "$place" ] && [ ! -f "$place" ]; then
    state=odd
  elif [ ! -w "$folder" ] ||
    { [ -f "$place" ] && { [ ! -r "$place" ] || [ ! -w "$place" ]; }; }; then
    state=closed
  else
    state=absent
    [ -f "$place" ] && state='file'
    case $folder/ in "${home:-$HOME}"/*) ;; *) state=outside ;; esac
  fi
  block=
  if [ -f "$place" ] && [ -r "$place" ] && grep -qxF -e "$BLOCK_BEGIN" "$place"; then
    block=$(awk -v begin="$BLOCK_BEGIN" -v end="$BLOCK_END" '
      $0 == begin { begun++; inside = 1 }
      inside { text = text $0 "\n" }
      $0 == end { ended++; inside = 0 }
      END { if (begun == 1 && ended == 1 && !inside && length(text) < 16384) printf "%s", text }
    ' "$place")
    [ -n "$block" ] || state=tangled
  fi
  code "$place"
  path=$coded
  code "$block"
  say shell_file "$1$tab$state$tab$path$tab$coded"
}

# Says what was found of each file that torchard/plan/shell_init.py names.
say_shell_files() {
  say_shell_file .zshrc
  say_shell_file .bash_profile
  # Without a .bash_profile, bash reads the first of these.
  for name in .bash_login .profile; do
    [ -e "$HOME/$name" ] && say bash_reads "$name" && break
  done
}

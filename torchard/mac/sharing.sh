# What a prefix that several accounts share depends on. POSIX sh, part of the probe, whose functions it
# uses. PREFIX, root and KERNELS (yes if the lab wants Jupyter kernels there) are set above. Only what sudo
# would allow is asked, and nothing is done by it.
# path_helper(8) reads the file at a login and adds each of its lines to the PATH of every account.
paths_file=${TORCHARD_ROOT-}/etc/paths.d/torchard
# Where Jupyter of every account looks for kernels (jupyter_core/paths.py, SYSTEM_JUPYTER_PATH).
kernels_folder=${TORCHARD_ROOT-}/usr/local/share/jupyter/kernels
# Says who may do what with the directory or file at $1; $2 is the kind of the line, and $3 the path in it.
# After the mode, `ls` prints @ or + where an access control list may be, and -e lists it.
say_access() {
  [ -e "$1" ] || return 0
  it=$1
  [ ! -d "$1/" ] || it=$1/.
  code "$3"
  place=$coded
  # shellcheck disable=SC2010,SC2012 # its name is not read, and ls alone prints access control lists
  ls -ldn "$it" 2>/dev/null | while read -r mode _ uid gid _; do
    granted=
    case $mode in
      *[@+])
        ls -lde "$it" 2>/dev/null | grep -q ' allow .*\(write\|append\|add_\|delete\|chown\)' && granted=yes
        ;;
    esac
    code "$(id -un "$uid" 2>/dev/null || echo "$uid")"
    say "$2" "$place$tab$mode$tab$uid$tab$gid$tab$coded$tab$granted"
  done
}
# Prints how the account may write at $1, which need not exist: `own`, `sudo` if it may run the other
# words by sudo without a password, or `closed`.
print_way() {
  place=$1
  [ -e "$place" ] || find_directory "$place"
  shift
  if [ -w "${place:-/}" ]; then
    echo own
  elif sudo -n -l "$@" >/dev/null 2>&1 </dev/null; then
    echo sudo
  else
    echo closed
  fi
}
# Says who may change the kernels of every account, and whether the account may make the folder for them.
say_kernels_access() {
  walk=$kernels_folder
  while [ "$walk" != "${TORCHARD_ROOT-}" ]; do
    say_access "$walk" kernel_access "${walk#"${TORCHARD_ROOT-}"}"
    walk=${walk%/*}
  done
  for walk in "$kernels_folder"/torchard-* "$kernels_folder"/torchard-*/kernel.json; do
    say_access "$walk" kernel_access "${walk#"${TORCHARD_ROOT-}"}"
  done
  [ -n "$KERNELS" ] && [ ! -w "$kernels_folder" ] || return 0
  [ -z "$(list_folder "$kernels_folder")" ] && say sharing "no_kernels${tab}yes"
  say sharing "kernels$tab$(print_way "$kernels_folder" \
    /usr/bin/install -d -m 755 -o "$(id -un)" "$kernels_folder")"
}
say_sharing() {
  [ "$root" != "$HOME/.torchard" ] || return 0
  folder=${root%/*}
  say sharing "uid$tab$(id -u)"
  walk=$folder
  while [ -n "$walk" ] && [ "$walk" != "${TORCHARD_ROOT-}" ]; do
    say_access "$walk" access "$walk"
    walk=${walk%/*}
  done
  say_access "${TORCHARD_ROOT-}" access "${TORCHARD_ROOT-}"
  for walk in "$PREFIX" "$PREFIX/bin" "$PREFIX/condabin" "$PREFIX/envs" "$root" "$root/generations"; do
    say_access "$walk" access "$walk"
  done
  say_kernels_access
  if [ ! -w "$folder" ]; then
    [ -z "$(list_folder "$folder")" ] && say sharing "empty${tab}yes"
    say sharing "folder$tab$(print_way "$folder" /usr/bin/install -d -m 755 -o "$(id -un)" "$folder")"
  fi
  text=
  if [ -f "$paths_file" ] && [ -r "$paths_file" ]; then
    text=$(head -c 4096 "$paths_file")
    code "$text"
    say sharing "paths$tab$coded"
  fi
  if [ "$text" != "$PREFIX/condabin" ]; then
    place=${paths_file%/*}
    [ ! -e "$paths_file" ] || place=$paths_file
    say sharing "command$tab$(print_way "$place" /usr/bin/tee "$paths_file")"
  fi
}

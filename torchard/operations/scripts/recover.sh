# Finishes or removes what a stopped run left, whatever the lab names now. POSIX sh. run_lock.sh comes
# before it; PREFIX and REMOVER (remove_generations.py) are set above. Only the holder of the run lock
# builds here, so what is unfinished has no other owner.

# Gives the Miniconda at $1 the mark $2. It gets the links of $3 too: what was set aside for it, or nothing.
mark_prefix() {
  for old_link in "${3:-/dev/null}"/envs/*; do
    if [ -L "$old_link" ] && [ ! -L "$1/envs/${old_link##*/}" ] && [ ! -e "$1/envs/${old_link##*/}" ]; then
      { attempt mkdir -p "$1/envs" && attempt ln -s "$(readlink "$old_link")" "$1/envs/${old_link##*/}"; } ||
        return 1
    fi
  done
  # The mark comes last, and whole: until then `installing` says what is missing.
  keep_packages "$1" && printf '%s\n' "$2" >"$1/.torchard.json.torchard-partial" &&
    mv -f "$1/.torchard.json.torchard-partial" "$1/.torchard.json"
}
# Records an install before it begins: its prefix, its mark, and what is set aside for it. Half a record is
# in the lock, and goes with it.
record_install() {
  { printf '%s\n' "$@" >"$root/lock/installing.new" &&
    mv -f "$root/lock/installing.new" "$root/installing"; } ||
    die "$root/installing cannot be written"
}
# Finishes the install that a run was stopped at. Sets `old_prefix` to what that run set aside for PREFIX, if
# PREFIX must be installed again.
finish_install() {
  # shellcheck disable=SC2034 # only install_miniconda.sh uses it
  old_prefix=
  its_prefix=
  its_before=
  [ -f "$root/installing" ] || return 0
  { IFS= read -r its_prefix; IFS= read -r its_mark; IFS= read -r its_before; } <"$root/installing"
  if is_whole_prefix "$its_prefix"; then
    if [ ! -f "$its_prefix/.torchard.json" ] && [ -n "$(print_prefix_mark "$its_prefix" "$root")" ]; then
      { share_tree "$its_prefix" && mark_prefix "$its_prefix" "$its_mark" "$its_before"; } ||
        die "$its_prefix cannot be written"
    fi
  elif [ "$its_prefix" = "$PREFIX" ]; then
    # shellcheck disable=SC2034
    ! is_whole_prefix "$its_before" || old_prefix=$its_before
    return
  elif [ -n "$its_prefix" ] && [ ! -L "$its_prefix" ] && [ -d "$its_prefix" ] &&
    { is_unfinished "$its_prefix" || [ -e "$its_prefix/_conda" ]; }; then
    name_aside "$its_prefix"  # the lab names another prefix now
    set_prefix_aside "$its_prefix"
  fi
  rm -f "$root/installing"
}
# Moves a Miniconda that is not used any more to `aside`, and lists that as Torchard's.
set_prefix_aside() {
  printf '%s\n' "$aside" >>"$root/asides"
  move_aside "$1"
}
# Whether any link leads to the generation at $1; a link that leads nowhere must name it exactly.
is_active() {
  for one in "$PREFIX"/envs/*; do
    [ -L "$one" ] || continue
    [ "$(readlink "$one")" = "$1" ] && return 0
    is_same "$1" "$one" && return 0
  done
  return 1
}
# Removes what builds and removals left that were stopped: half generations and their files. What a
# person put there goes to kept/ first, and a program does that: it waits for a Miniconda. A half upload
# has a name with a dot, and a run that still sends it changes it. Sets `stuck` to what cannot be removed:
# a plan names it again, and a step that does not need its place goes on.
remove_halves() {
  stuck=
  find "$root/depot/incoming" -type f -name '*.*' -mmin "+$((KEEP_UPLOADS * 60))" -exec rm -f {} +
  # Of locks that were removed by runs that were killed just then.
  find "$root" -maxdepth 1 -name 'lock*.gone-*' -mmin +1 -exec rm -rf {} + 2>/dev/null
  for mark in "$root"/generations/.leaving-* "$root"/generations/.building-*; do
    [ -e "$mark" ] || continue
    case $mark in
      */.leaving-*) half=$mark ;;  # another may have been built under its old name
      *) half=$root/generations/${mark##*/.building-} ;;
    esac
    if [ "$half" = "$mark" ] ||
      { [ -e "$half" ] && [ ! -e "$half/.torchard.json" ] && ! is_active "$half"; }; then
      is_whole_prefix "$PREFIX" || return 0
      # shellcheck disable=SC2086 # native is two words, or none
      run_cleanly $native "$PREFIX/bin/python" -I -S -c "$REMOVER" drop "$root" "$half" \
        >>"$log" 2>&1 </dev/null || fail "$half cannot be removed"
      [ ! -e "$half" ] || fail "$half is still there, although its removal ended without an error"
    fi
    [ -d "$mark" ] || [ ! -e "$mark" ] || rm -f "$mark" || die "$mark cannot be removed"
  done
  set --
  for rest in "$root/pkgs" "$root"/generations/.discarded-* "$root"/kits/installer-* \
    "$root"/kits/*/torchard-depot "$root"/kits/*/wheels; do
    [ ! -e "$rest" ] || set -- "$@" "$rest"
  done
  [ "$#" = 0 ] || remove_trees "$@" || {
    # Somebody has closed or locked a part of it.
    ! command -v chflags >/dev/null || run_cleanly chflags -R nouchg,nouappnd "$@" 2>>"$log"
    run_cleanly chmod -R u+rwX "$@" 2>>"$log"
    remove_trees "$@" 2>>"$log" || {
      stuck=$*
      printf '%s\n' "cannot be removed: $stuck" >>"$log"
    }
  }
}

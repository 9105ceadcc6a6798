# Installs Miniconda at PREFIX from an installer whose sha256 is verified first.
# PREFIX, FILE, SHA256, ARCH and MARK (JSON) are set above this text. REPLACES is the sha256 of the
# installer whose whole prefix is set aside for this one, or empty. BOUND is bound_asides.py. MOVED is the
# path that a moved prefix was installed at, or empty: its conda names that path and does not run.
take_lock
open_log miniconda
is_disk_full() {
  case $limit in "$no_room" | *quota*) ;; *) return 1 ;; esac
}
# Moves an unusable install away and stops: the next run must not mistake it for a person's own.
give_up() {
  said=$1
  if [ -e "$PREFIX" ] && is_disk_full; then
    remove_trees "$PREFIX"  # this run made it, and the next one needs the room
    said="$said; what it left was removed"
  elif [ -e "$PREFIX" ]; then
    name_aside "$PREFIX"
    set_prefix_aside "$PREFIX"
    said="$said; what it left was set aside as $aside"
  fi
  if [ -n "$old_prefix" ] && mv "$old_prefix" "$PREFIX"; then
    said="$said; the earlier one is back at its place"
    old_prefix=
  fi
  [ -n "$old_prefix" ] || rm -f "$root/installing"
  fail "$said"
}
# Whether the Miniconda at PREFIX is the one to set aside.
is_replaced() {
  [ -n "$REPLACES" ] || return 1
  if [ -n "$MOVED" ]; then
    sed 2q "$PREFIX/bin/conda" | grep -qF -e "$MOVED/bin/python"
  else
    grep -qF -e "$REPLACES" "$PREFIX/.torchard.json"
  fi
}
finish_install
remove_halves
# An earlier run may have finished after the plan.
if is_whole_prefix "$PREFIX" && ! is_replaced; then
  exit 0
fi
verify_upload "$SHA256" "$FILE" || die "Nothing was executed."
aside=
if is_whole_prefix "$PREFIX"; then
  for environment in "$PREFIX"/envs/* "$PREFIX"/envs/.[!.]* "$PREFIX"/envs/..?*; do
    [ -L "$environment" ] || [ ! -d "$environment" ] ||
      die "a person made $environment, which would be set aside with $PREFIX; it was left alone"
  done
  name_aside "$PREFIX"
  old_prefix=$aside
  said="the Miniconda that was there is kept as $old_prefix"
elif [ -e "$PREFIX" ] || [ -L "$PREFIX" ]; then
  name_aside "$PREFIX"
  said="$PREFIX was half installed; it was set aside as $aside"
fi
# The record says that the prefix is ours until it has its mark. Without it, a run that stops in between
# would leave what looks like a person's own Miniconda.
record_install "$PREFIX" "$MARK" "$old_prefix"
if [ -n "$aside" ]; then
  set_prefix_aside "$PREFIX"
  printf '%s\n' "$said" | tee -a "$log"
  for environment in "$aside"/envs/* "$aside"/envs/.[!.]* "$aside"/envs/..?*; do
    # Links lead to generations, which stay; their own step activates them again.
    if [ -d "$environment" ] && [ ! -L "$environment" ]; then
      printf '%s\n' "with the environment that a person made in it: $environment" | tee -a "$log"
    fi
  done
fi
# The installer checks its own name: it must end in .sh.
work=$root/kits/installer-$$
{ attempt mkdir -p "$work" && link_or_copy "$root/depot/$SHA256" "$work/$FILE"; } || die "$root/kits cannot be written"
run_logged /bin/bash "$work/$FILE" -b -p "$PREFIX"
status=$?
remove_trees "$work" "$root/depot/$SHA256"
[ "$status" = 0 ] || give_up "the installer $FILE failed"
is_whole_prefix "$PREFIX" || give_up "the installer $FILE ended without an error, but the conda at $PREFIX is not whole"
run_logged "$PREFIX/bin/conda" --version || give_up "the conda at $PREFIX does not run"
# shellcheck disable=SC2086 # native is two words, or none
machine=$(run_cleanly $native "$PREFIX/bin/python" -I -S -c 'import os; print(os.uname().machine)')
[ "$machine" = "$ARCH" ] || give_up "the python at $PREFIX runs as ${machine:-nothing}, not as $ARCH"
share_tree "$PREFIX" || give_up "other accounts cannot be let read $PREFIX"
mark_prefix "$PREFIX" "$MARK" "$old_prefix" || give_up "$PREFIX cannot be written"
rm -f "$root/installing"
need_lock
# shellcheck disable=SC2086 # native is two words, or none
run_cleanly $native "$PREFIX/bin/python" -I -S -c "$BOUND" "$root" "$KEEP_ASIDES" \
  >>"$log" 2>&1 </dev/null ||
  printf '%s\n' "Minicondas that were set aside could not be removed; the log says why: $log"

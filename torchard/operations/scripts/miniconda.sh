# Installs Miniconda at PREFIX from an installer whose sha256 is verified first.
# PREFIX, FILE, SHA256, ARCH and MARK (JSON) are set above this text; REPLACES is the sha256 of the
# installer whose whole prefix is to be set aside for this one, or nothing; MOVED is the path that it
# was installed at, where it was moved since: its conda names that path and does not run.
take_lock
open_log miniconda
lacks_room() {
  case $limit in "$no_room" | *quota*) ;; *) return 1 ;; esac
}
# What cannot be used must not stay at PREFIX: the next run would take it for a person's own.
refuse() {
  said=$1
  if [ -e "$PREFIX" ] && lacks_room; then
    rm -rf "$PREFIX"  # this run made it, and it would leave no room for the next
    said="$said; what it left was removed"
  elif [ -e "$PREFIX" ]; then
    set_aside "$PREFIX"
    said="$said; what it left was set aside as $aside"
  fi
  if [ -n "$before" ] && mv "$before" "$PREFIX"; then
    said="$said; the one that was there is back at its place"
  fi
  failed "$said"
}
replaced() {
  [ -n "$REPLACES" ] || return 1
  if [ -n "$MOVED" ]; then
    sed 2q "$PREFIX/bin/conda" | grep -qF -e "$MOVED/bin/python"
  else
    grep -qF -e "$REPLACES" "$PREFIX/.torchard.json"
  fi
}
before=
# An earlier run may have finished since we looked.
if is_whole_prefix "$PREFIX" && ! replaced; then
  exit 0
fi
place "$SHA256" "$FILE" || die "Nothing was executed."
if is_whole_prefix "$PREFIX"; then
  for environment in "$PREFIX"/envs/*; do
    [ -L "$environment" ] || [ ! -d "$environment" ] ||
      die "somebody made $environment, which would be set aside with $PREFIX; it was left alone"
  done
  set_aside "$PREFIX"
  before=$aside
  printf '%s\n' "the Miniconda that was there is kept as $before" | tee -a "$log"
elif [ -e "$PREFIX" ] || [ -L "$PREFIX" ]; then
  set_aside "$PREFIX"
  printf '%s\n' "$PREFIX was half installed; it was set aside as $aside" | tee -a "$log"
  for environment in "$aside"/envs/*; do
    # Links lead to generations, which are untouched, and are shown again by their own step.
    if [ -d "$environment" ] && [ ! -L "$environment" ]; then
      printf '%s\n' "with the environment that somebody made in it: $environment" | tee -a "$log"
    fi
  done
fi
# The installer looks at its own name: it must end in .sh.
work=$root/kits/installer-$$
{ attempt mkdir -p "$work" && share "$root/depot/$SHA256" "$work/$FILE"; } || die "$root/kits cannot be written"
# Until its mark is in it, the prefix is known for ours by this: one that a stop leaves whole would
# be taken for a person's own.
printf '%s\n%s\n' "$PREFIX" "$MARK" >"$root/installing" || die "$root/installing cannot be written"
run /bin/bash "$work/$FILE" -b -p "$PREFIX"
status=$?
rm -rf "$work" "$root/depot/$SHA256"
[ "$status" = 0 ] || refuse "the installer $FILE failed"
is_whole_prefix "$PREFIX" || refuse "the installer $FILE ended well, but left no whole conda at $PREFIX"
run "$PREFIX/bin/conda" --version || refuse "the conda at $PREFIX does not run"
# shellcheck disable=SC2086 # native is two words, or none
machine=$(step $native "$PREFIX/bin/python" -I -S -c 'import os; print(os.uname().machine)')
[ "$machine" = "$ARCH" ] || refuse "the python at $PREFIX runs as ${machine:-nothing}, not as $ARCH"
if [ -n "$before" ]; then
  attempt mkdir -p "$PREFIX/envs"
  for link in "$before"/envs/*; do
    if [ -L "$link" ]; then
      ln -s "$(readlink "$link")" "$PREFIX/envs/${link##*/}" || refuse "$PREFIX/envs cannot be written"
    fi
  done
fi
keep_packages "$PREFIX" || refuse "$PREFIX cannot be written"
printf '%s\n' "$MARK" >"$PREFIX/.torchard.json" || refuse "$PREFIX cannot be written"
rm -f "$root/installing"

# Builds one generation aside, verifies it, and activates it by one rename of its link. POSIX sh.
# PREFIX, NAME, GENERATION, DIGEST, CHANNEL, FILES_SECONDS, KIT (a sha256) and REBUILT (`rebuilt` if a
# person asked to build the same lock again, else empty) are set above.
take_lock
open_log "$GENERATION"
finish_install
path=$root/generations/$GENERATION
kit=$root/kits/$GENERATION
link=$PREFIX/envs/$NAME
building=$root/generations/.building-$GENERATION
python=$PREFIX/bin/python

# A path that is not ours stops the build before it begins. `active` is the active generation, if any.
active=
if [ -L "$link" ]; then
  target=$(readlink "$link")
  active=$root/generations/${target##*/}
  case $target in
    "$root/generations/"*) ;;
    # A generation of ours, by the home's former path or by another path to it.
    */.torchard/generations/"$NAME"-[0-9a-f]*)
      is_former "$target" || is_same "$target" "$active" ||
        die "$link is a link to $target, not to a generation; rename it. It was left alone."
      ;;
    *) die "$link is a link to $target, not to a generation; rename it. It was left alone." ;;
  esac
elif [ -e "$link" ]; then
  die "$link is a file or a directory, not a link; rename it. It was left alone."
fi
[ -x "$PREFIX/bin/conda" ] || die "there is no conda at $PREFIX any more; run it again"
attempt mkdir -p "$PREFIX/envs" || die "$PREFIX/envs cannot be written"

is_stamped() { grep -qF "\"lock\": \"$DIGEST\"" "$path/.torchard.json" 2>/dev/null; }
remove_halves

verify_upload "$KIT" "the kit of $GENERATION" || die "Nothing was executed; run it again, and it is sent again."
{ attempt mkdir -p "$kit" && cd "$kit" && attempt tar -xf "$root/depot/$KIT"; } || die "$kit cannot be written"
rm -f "$root/depot/$KIT"

# Removes an unfinished generation and stops: its bytes would leave no room for the next attempt.
give_up() {
  need_lock
  remove_trees "$path" "$root/pkgs" "$kit/torchard-depot" "$kit/wheels" && rm -f "$building"
  fail "$1"
}
# Checks all files of the generation, right after it was `built` or `again`. Failures go to stderr.
check_files() {
  need_lock
  run_cleanly "$python" -I -S "$kit/check_files.py" "$1" "$FILES_SECONDS" "$path" \
    >>"$log" 2>"$kit/verify.err" </dev/null && return
  set -- $?
  errors=$(tail -n 20 "$kit/verify.err")
  find_limit
  [ -s "$kit/verify.err" ] || echo "its files could not be checked" >"$kit/verify.err"
  cat "$kit/verify.err" >>"$log"
  tail -n 20 "$kit/verify.err" >&2
  return "$1"
}
# Checks all files and starts the environment's python. The answer, one line of JSON, goes into the kit;
# failures go to stderr.
verify() {
  check_files built || return 1
  # shellcheck disable=SC2086 # native is two words, or none
  run_cleanly $native "$path/bin/python" -B -I -c 'import sys; exec(sys.argv[1])' \
    "$(cat "$kit/verify.py")" "$(cat "$kit/expected.json")" \
    >"$kit/verification.json" 2>"$kit/verify.err" </dev/null && return
  status=$?
  errors=$(tail -n 20 "$kit/verify.err")
  find_limit
  [ -s "$kit/verify.err" ] || echo "its python ended with status $status" >"$kit/verify.err"
  cat "$kit/verify.err" >>"$log"
  tail -n 20 "$kit/verify.err" >&2
  return 1
}

# Copies a person's settings and documents from the active generation to the new one.
carry_over() {
  [ -n "$active" ] && [ -d "$active" ] && [ "$active" != "$path" ] || return 0
  run_logged "$python" -I -S "$kit/carry_over.py" copy "$kit" "$active" "$path" "$link"
}

# A run whose connection dropped may have finished the build: then only the link is missing.
if ! is_stamped; then
  # An active generation is never moved, even if its stamp is gone.
  is_active "$path" && die "$path is in use, but is not this generation any more; run it again"
  if [ -e "$path" ] || [ -L "$path" ]; then set_aside "$path"; fi
  # Each build unpacks its packages again from verified archives. Unpacked packages of an earlier build
  # share their bytes with generations in use, which people may have changed.
  remove_trees "$kit/torchard-depot" "$kit/wheels" "$root/pkgs" || die "$root/pkgs cannot be removed"
  verify_uploads "$kit/artefacts" || die "Nothing was executed; run it again, and it is sent again."
  run_logged "$python" -I -S "$kit/generation.py" link "$kit" "$root/depot" ||
    fail "$kit cannot be written"
  printf '' >"$building" || die "$root/generations cannot be written"
  run_logged "$PREFIX/bin/conda" create -y -q -p "$path" --no-default-packages --override-channels \
    -c "$CHANNEL" --file "$kit/explicit.txt" || give_up "conda could not create $path"
  if [ -s requirements.txt ]; then
    run_logged "$path/bin/python" -I -S "$kit/install_wheels.py" "$kit" "$path" ||
      give_up "the wheels could not be installed into $path"
  fi
  run_logged "$python" -I -S "$kit/generation.py" records "$kit" "$path" ||
    give_up "the records of $path could not be written"
  run_logged "$python" -I -S "$kit/carry_over.py" list "$path" || give_up "$path cannot be listed"
  carry_over || give_up "a person's files in $active could not be carried over to $path"
  share_tree "$path" || give_up "other accounts cannot be let read $path"
  if ! verify; then
    need_lock
    remove_trees "$path" "$root/pkgs" "$building" "$kit/torchard-depot" "$kit/wheels"
    die "Verification failed, so $NAME was not activated; what was there before is unchanged."
  fi
  keep_packages "$path" || give_up "$path cannot be written"
  run_logged "$python" -I -S "$kit/generation.py" stamp "$kit" "$path" || give_up "$path cannot be written"
  remove_trees "$root/pkgs" "$building" "$kit/torchard-depot" "$kit/wheels"
else
  # What was built before may have been damaged since. The next plan builds it again then.
  check_files again
  status=$?
  if [ "$status" = 3 ]; then
    run_logged "$python" -I -S "$kit/generation.py" failed "$kit" "$path" || :
    die "$path is damaged, so $NAME was not activated; what was there before is unchanged. Run it again: then it is built again."
  fi
  [ "$status" = 0 ] ||
    die "The files of $path could not be checked, so $NAME was not activated; what was there before is unchanged."
  carry_over || fail "a person's files in $active could not be carried over to $path"
fi
# The prefix is recorded, never half, before it gets a link.
{ printf '%s\n' "$PREFIX" >"$root/prefix.new" && mv -f "$root/prefix.new" "$root/prefix"; } ||
  fail "$root/prefix cannot be written"
run_logged "$python" -I -S "$kit/generation.py" activate "$path" "$link" ||
  fail "$link could not be pointed at $path"
run_logged "$python" -I -S "$kit/remove_generations.py" sweep "$root" "$link" "$path" \
  "$REBUILT" ||
  fail "old generations and artefacts could not be removed"

# Builds one generation aside, verifies it, then shows it by one rename of its link. POSIX sh.
# PREFIX, NAME, GENERATION, DIGEST, CHANNEL, FILES_SECONDS, KIT (a sha256) and REBUILT (`rebuilt`,
# where somebody asked to build the same lock again) are set above.
take_lock
open_log "$GENERATION"
path=$root/generations/$GENERATION
kit=$root/kits/$GENERATION
link=$PREFIX/envs/$NAME
building=$root/generations/.building-$GENERATION
python=$PREFIX/bin/python

# What is not ours is refused before anything is built, and never replaced. `before` is the
# generation that is active, where there is one.
before=
if [ -L "$link" ]; then
  target=$(readlink "$link")
  before=$root/generations/${target##*/}
  case $target in
    "$root/generations/"*) ;;
    # A generation of ours, from where this home was before, or as another path names it.
    */.torchard/generations/"$NAME"-[0-9a-f]*)
      is_former "$target" || is_same "$target" "$before" ||
        die "$link is a link to $target, not to a generation; rename it. It was left alone."
      ;;
    *) die "$link is a link to $target, not to a generation; rename it. It was left alone." ;;
  esac
elif [ -e "$link" ]; then
  die "$link is there and is no link; rename it. It was left alone."
fi
[ -x "$PREFIX/bin/conda" ] || die "there is no conda at $PREFIX any more; run it again"
attempt mkdir -p "$PREFIX/envs" || die "$PREFIX/envs cannot be written"

# A link may name the path in another way; one that leads nowhere only names it.
shown() {
  for one in "$PREFIX"/envs/*; do
    [ -L "$one" ] || continue
    [ "$(readlink "$one")" = "$1" ] && return 0
    is_same "$1" "$one" && return 0
  done
  return 1
}
stamped() { grep -qF "\"lock\": \"$DIGEST\"" "$path/.torchard.json" 2>/dev/null; }
# Under our lock nobody else builds, so a mark is that of a run that was killed. What it made half
# is ours.
for mark in "$root"/generations/.building-*; do
  [ -e "$mark" ] || continue
  half=$root/generations/${mark##*/.building-}
  if [ ! -e "$half/.torchard.json" ] && ! shown "$half"; then
    rm -rf "$half" || die "$half cannot be removed"
  fi
  rm -f "$mark" || die "$mark cannot be removed"
done

place "$KIT" "the kit of $GENERATION" || die "Nothing was executed; run it again, and it is sent again."
{ attempt mkdir -p "$kit" && cd "$kit" && attempt tar -xf "$root/depot/$KIT"; } || die "$kit cannot be written"
rm -f "$root/depot/$KIT"

# What could not be finished goes at once: its bytes would stand in the way of the next attempt.
give_up() {
  keep_lock
  rm -rf "$path" "$root/pkgs" "$kit/torchard-depot" "$kit/wheels" && rm -f "$building"
  failed "$1"
}
# Leaves the answer, one line of JSON, in the kit; says what does not hold.
verify() {
  keep_lock
  if ! step "$python" -I -S "$kit/intact.py" built "$FILES_SECONDS" "$path" \
    >>"$log" 2>"$kit/verify.err" </dev/null; then
    errors=$(tail -n 20 "$kit/verify.err")
    look_for_limit
    [ -s "$kit/verify.err" ] || echo "its files could not be looked at" >"$kit/verify.err"
    cat "$kit/verify.err" >>"$log"
    tail -n 20 "$kit/verify.err" >&2
    return 1
  fi
  # shellcheck disable=SC2086 # native is two words, or none
  step $native "$path/bin/python" -B -I -c 'import sys; exec(sys.argv[1])' \
    "$(cat "$kit/verify.py")" "$(cat "$kit/expected.json")" \
    >"$kit/verification.json" 2>"$kit/verify.err" </dev/null && return
  status=$?
  errors=$(tail -n 20 "$kit/verify.err")
  look_for_limit
  [ -s "$kit/verify.err" ] || echo "its python ended with status $status" >"$kit/verify.err"
  cat "$kit/verify.err" >>"$log"
  tail -n 20 "$kit/verify.err" >&2
  return 1
}

# What a person set in the generation before goes over to the next one.
carry() {
  [ -n "$before" ] && [ -d "$before" ] && [ "$before" != "$path" ] || return 0
  run "$python" -I -S "$kit/carry.py" "$kit" "$before" "$path"
}

# A dropped connection leaves its run to finish alone: what it finished is only shown again.
if ! stamped; then
  # A generation in use is never moved, not even one that lost its stamp.
  shown "$path" && die "$path is in use, but is not this generation any more; run it again"
  if [ -e "$path" ] || [ -L "$path" ]; then set_aside "$path"; fi
  rm -rf "$kit/torchard-depot" "$kit/wheels"
  bad=0
  while read -r sha256 target; do
    { place "$sha256" "${target##*/}" && attempt mkdir -p "$kit/${target%/*}" &&
      share "$root/depot/$sha256" "$kit/$target"; } || bad=1
  done <artefacts
  [ "$bad" = 0 ] || die "Nothing was executed; run it again, and it is sent again."
  # Each build unpacks its packages anew from archives that were verified. What an earlier one
  # unpacked shares its bytes with generations in use, and is only as sound as people left those.
  rm -rf "$root/pkgs" || die "$root/pkgs cannot be removed"
  printf '' >"$building" || die "$root/generations cannot be written"
  run "$PREFIX/bin/conda" create -y -q -p "$path" --no-default-packages --override-channels \
    -c "$CHANNEL" --file "$kit/explicit.txt" || give_up "conda could not create $path"
  if [ -s requirements.txt ]; then
    run "$path/bin/python" -I -m pip install --no-deps --require-hashes --no-index \
      --only-binary :all: --find-links "$kit/wheels" --no-cache-dir --no-input \
      --disable-pip-version-check --no-warn-script-location -q -r "$kit/requirements.txt" ||
      give_up "pip could not install the wheels into $path"
  fi
  run "$python" -I -S "$kit/generation.py" records "$kit" "$path" ||
    give_up "the records of $path could not be written"
  carry || give_up "a person's settings in $before could not be carried over to $path"
  if ! verify; then
    keep_lock
    rm -rf "$path" "$root/pkgs" "$building" "$kit/torchard-depot" "$kit/wheels"
    die "Verification failed, so $NAME was not activated; nothing else changed."
  fi
  keep_packages "$path" || give_up "$path cannot be written"
  run "$python" -I -S "$kit/generation.py" stamp "$kit" "$path" || give_up "$path cannot be written"
  rm -rf "$root/pkgs" "$building" "$kit/torchard-depot" "$kit/wheels"
else
  carry || failed "a person's settings in $before could not be carried over to $path"
fi
# Whose links these are is known before there is one, and never half.
{ printf '%s\n' "$PREFIX" >"$root/prefix.new" && mv -f "$root/prefix.new" "$root/prefix"; } ||
  failed "$root/prefix cannot be written"
run "$python" -I -S "$kit/generation.py" show "$path" "$link" ||
  failed "$link could not be pointed at $path"
run "$python" -I -S "$kit/generation.py" sweep "$root" "$link" "$path" \
  "$REBUILT" ||
  failed "what is no longer needed could not be removed"

# Builds one generation aside, proves it, then shows it by one rename of its link. POSIX sh.
# PREFIX, NAME, GENERATION, DIGEST, CHANNEL and KIT (a sha256) are set above this text.
take_lock
open_log "$GENERATION"
path=$root/generations/$GENERATION
kit=$root/kits/$GENERATION
link=$PREFIX/envs/$NAME
building=$root/generations/.building-$GENERATION
python=$PREFIX/bin/python

place "$KIT" "the kit of $GENERATION" || die "Nothing was executed."
mkdir -p "$kit" && cd "$kit" && tar -xf "$root/depot/$KIT" || die "$kit cannot be written"
rm -f "$root/depot/$KIT"

# Leaves the answer, one line of JSON, in the kit; says what does not hold.
prove() {
  # shellcheck disable=SC2086 # native is two words, or none
  if (cd / && exec env -i HOME="$HOME" PATH="$PATH" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C \
    $native "$1/bin/python" -I "$kit/proof.py" "$kit/proof.json") \
    >"$kit/proof.out" 2>"$kit/proof.err" </dev/null; then
    tail -n 1 "$kit/proof.out" >"$kit/proof-result.json"
    return 0
  fi
  cat "$kit/proof.out" "$kit/proof.err" >>"$log"
  tail -n 20 "$kit/proof.err" >&2
  return 1
}
stamped() { grep -q "\"lock\": \"$DIGEST\"" "$path/.torchard.json" 2>/dev/null; }

# A dropped connection leaves its run to finish alone: what it finished is only shown again.
if ! stamped; then
  # What a killed run left is ours, whichever generation it was at, and its half-extracted packages
  # must not be taken for whole.
  for left in "$root"/generations/.building-*; do
    [ -e "$left" ] || continue
    half=$root/generations/${left##*/.building-}
    [ -e "$half/.torchard.json" ] || rm -rf "$half" "$root/pkgs"
    rm -f "$left"
  done
  if [ -e "$path" ]; then
    mv "$path" "$path.torchard-aside-$(date +%Y%m%d-%H%M%S)" || die "$path cannot be moved aside"
  fi
  : >"$building" || die "$root/generations cannot be written"
  rm -rf "$kit/conda" "$kit/wheels"
  bad=0
  while read -r sha256 target; do
    place "$sha256" "${target##*/}" || bad=1
    mkdir -p "$kit/${target%/*}" && ln "$root/depot/$sha256" "$kit/$target" || bad=1
  done <artefacts
  [ "$bad" = 0 ] || die "Nothing was executed; the next run fetches it again."
  run "$PREFIX/bin/conda" create -y -q -p "$path" --override-channels -c "$CHANNEL" \
    --file "$kit/explicit.txt" || failed "conda could not create $path"
  if [ -s requirements.txt ]; then
    run "$path/bin/python" -I -m pip install --no-deps --require-hashes --no-index \
      --only-binary :all: --find-links "$kit/wheels" --no-cache-dir --no-input \
      --disable-pip-version-check --no-warn-script-location -q -r "$kit/requirements.txt" ||
      failed "pip could not install the wheels into $path"
  fi
  run "$python" -I -S "$kit/generation.py" records "$kit" "$path" ||
    failed "the records of $path could not be written"
  if ! prove "$path"; then
    rm -rf "$path" "$building"
    die "The proof failed, so $NAME was not shown; what was there is still there."
  fi
  run "$python" -I -S "$kit/generation.py" stamp "$kit" "$path" || failed "$path cannot be written"
  rm -rf "$building" "$kit/conda" "$kit/wheels"
fi
mkdir -p "$PREFIX/envs" || die "$PREFIX/envs cannot be written"
run "$python" -I -S "$kit/generation.py" show "$path" "$link" ||
  failed "$link could not be pointed at $path"
run "$python" -I -S "$kit/generation.py" sweep "$root" "$NAME" "$path" ||
  failed "what is no longer needed could not be removed"

# What arrives in a Mac's depot: verified there, and given to a build. POSIX sh. run_lock.sh comes before
# it.
# shasum is a Perl script; with the account's variables, Perl may read other bytes.
print_sha256() { env -i PATH="$PATH" LC_ALL=C shasum -a 256 <"$1" | cut -d ' ' -f 1; }
# Shows that this script works, at most once a minute: the controller gives up a Mac that is silent. No
# watcher does that outside of a step.
shown_at=
show_life() {
  now=$(date +%s)
  shown_at=${shown_at:-$now}
  [ "$now" -lt $((shown_at + 60)) ] || { printf '\005' >&8 && shown_at=$now; }
}
# Verifies an uploaded file, or one from an earlier run, and keeps it in the depot.
verify_upload() {
  show_life
  found=''
  for file in "$root/depot/incoming/$1" "$root/depot/$1"; do
    [ -f "$file" ] || continue
    chmod 644 "$file"  # with the account's umask, its group may be able to write it
    found=$(print_sha256 "$file")
    if [ "$found" = "$1" ]; then
      [ "$file" = "$root/depot/$1" ] || mv "$file" "$root/depot/$1"
      return
    fi
    rm -f "$file"
  done
  report_upload "$1" "$2" "$found"
  return 1
}
report_upload() {
  if [ -n "$3" ]; then
    printf '%s\n' "$2 has the wrong sha256: wanted $1, found $3. It was removed." >&2
  else
    printf '%s\n' "$2 did not arrive in this Mac's depot, where its sha256 is $1." >&2
  fi
}
# Verifies all files of a list as `verify_upload` does, in one step: `shasum` takes longer to start than to
# read most packages. Each line of $1 is a sha256 and a path, whose last part is the file's name.
verify_uploads() {
  list=$1
  set --
  while read -r sha256 _; do
    for file in "incoming/$sha256" "$sha256"; do
      [ ! -f "$root/depot/$file" ] || set -- "$@" "$file"
    done
  done <"$list"
  : >"$list.sums"
  # shellcheck disable=SC2016 # the inner shell expands them
  [ $# = 0 ] || run_cleanly sh -c 'cd "$0" && chmod 644 "$@" && exec shasum -a 256 "$@"' \
    "$root/depot" "$@" >"$list.sums" 2>>"$log" </dev/null
  [ -z "$silent" ] || die "$root/depot cannot be read"
  sums=' '
  set --
  while read -r found file; do
    sha256=${file##*/}
    case $sums in *" $sha256=$found "*) continue ;; esac
    sums="$sums$sha256=$found "
    if [ "$found" != "$sha256" ]; then
      rm -f "$root/depot/$file"
    elif [ "$file" != "$sha256" ]; then
      set -- "$@" "$root/depot/$file"
    fi
  done <"$list.sums"
  [ $# = 0 ] || attempt mv -f "$@" "$root/depot" || die "$root/depot cannot be written"
  bad=0
  while read -r sha256 target; do
    case $sums in
      *" $sha256=$sha256 "*) continue ;;
      *" $sha256="*) found=${sums##*" $sha256="} && found=${found%% *} ;;
      *) found= ;;
    esac
    bad=1
    rm -f "$root/depot/incoming/$sha256" "$root/depot/$sha256"
    report_upload "$sha256" "${target##*/}" "$found"
  done <"$list"
  return "$bad"
}
# Gives a file a second name, or copies it if the volume has no hard links (SMB, exFAT).
link_or_copy() {
  ln -f "$1" "$2" 2>/dev/null || { show_life; rm -f "$2" && attempt cp "$1" "$2"; }
}

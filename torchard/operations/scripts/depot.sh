# What arrives in a Mac's depot: verified there, and given to a build. POSIX sh. run_lock.sh comes before
# it.
# shasum is a Perl script; with the account's variables, Perl may read other bytes.
print_sha256() { env -i PATH="$PATH" LC_ALL=C shasum -a 256 <"$1" | cut -d ' ' -f 1; }
# Shows that this script works, at most once a minute: the controller gives up a Mac that is silent. No
# watcher does that for files that are verified here, and these may be many.
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
  if [ -n "$found" ]; then
    printf '%s\n' "$2 has the wrong sha256: wanted $1, found $found. It was removed." >&2
  else
    printf '%s\n' "$2 did not arrive in this Mac's depot, where its sha256 is $1." >&2
  fi
  return 1
}
# Gives a file a second name, or copies it if the volume has no hard links (SMB, exFAT).
link_or_copy() {
  show_life
  ln -f "$1" "$2" 2>/dev/null || { rm -f "$2" && attempt cp "$1" "$2"; }
}

# Notes in the active generation of an environment why its verification failed, or removes that note.
# POSIX sh. PREFIX, NAME, GENERATION and NOTE (JSON, or empty) are set above this text.
# If another run is at work on this Mac, this prints whose and notes nothing.
if [ -d "$root/lock" ] && busy=$(print_holder); then
  printf '%s\n' "$busy"
  exit 0
fi
take_lock
path=$root/generations/$GENERATION
is_same "$path" "$PREFIX/envs/$NAME" ||
  die "another generation of $NAME is active now; nothing was noted"
note=$path/.torchard-failed.json
need_lock
if [ -n "$NOTE" ]; then
  { printf '%s\n' "$NOTE" >"$note.torchard-partial" && mv -f "$note.torchard-partial" "$note"; } ||
    die "$note cannot be written"
else
  rm -f "$note" || die "$note cannot be removed"
fi

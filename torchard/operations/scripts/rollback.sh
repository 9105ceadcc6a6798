# Shows a generation that was shown before, by one rename of its link: nothing else is done that
# could fail halfway. POSIX sh. PREFIX, NAME, GENERATION, SHOWN (where the link led when this was
# planned) and PROGRAM (the text of generation.py) are set above this text.
take_lock
open_log "$GENERATION"
path=$root/generations/$GENERATION
link=$PREFIX/envs/$NAME
target=$(readlink "$link")
# A dropped connection left its run to finish alone.
[ "$target" != "$path" ] || exit 0
[ "$target" = "$SHOWN" ] || is_same "$target" "$SHOWN" || die "what is shown as $NAME has changed since it was looked at; look again"
keep_lock
printf '+ back %s\n' "$path" >>"$log"
# By its own python: one that does not run is not shown.
# shellcheck disable=SC2086 # native is two words, or none
step $native "$path/bin/python" -B -I -S -c 'import sys; exec(sys.argv.pop(1))' "$PROGRAM" \
  back "$path" "$link" >>"$log" 2>&1 </dev/null || failed "$path could not be shown"

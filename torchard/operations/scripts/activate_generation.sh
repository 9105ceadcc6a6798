# Activates a generation that was active before, by one rename of its link. POSIX sh. PREFIX, NAME,
# GENERATION, ACTIVE (where the link led when this was planned) and PROGRAM (the text of generation.py)
# are set above this text.
take_lock
open_log "$GENERATION"
path=$root/generations/$GENERATION
link=$PREFIX/envs/$NAME
target=$(readlink "$link")
# A run whose connection dropped may have done it.
[ "$target" != "$path" ] || exit 0
[ "$target" = "$ACTIVE" ] || is_same "$target" "$ACTIVE" ||
  die "another generation of $NAME is active now; run it again"
need_lock
printf '+ reactivate %s\n' "$path" >>"$log"
# By its own python, so that a generation whose python does not run stays inactive.
# shellcheck disable=SC2086 # native is two words, or none
run_cleanly $native "$path/bin/python" -B -I -S -c 'import sys; exec(sys.argv.pop(1))' "$PROGRAM" \
  reactivate "$path" "$link" >>"$log" 2>&1 </dev/null ||
  fail "$path could not be activated"

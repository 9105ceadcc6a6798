# Removes the link of one environment, and then its generations that no link shows. POSIX sh.
# PREFIX, NAME, TARGET (where its link was found to lead) and PROGRAM (generation.py) are set above.
take_lock
open_log "prune-$NAME"
# shellcheck disable=SC2086 # native is two words, or none
step caffeinate -i $native "$PREFIX/bin/python" -I -S -c "$PROGRAM" \
  remove "$root" "$PREFIX/envs/$NAME" "$TARGET" >>"$log" 2>&1 </dev/null ||
  failed "$NAME could not be removed"

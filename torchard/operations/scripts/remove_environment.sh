# Removes the link of one environment, and then its generations without a link. POSIX sh. PREFIX, NAME,
# TARGET (where its link led when this was planned) and REMOVER (remove_generations.py) are set above.
take_lock
open_log "remove-$NAME"
finish_install
remove_halves
# shellcheck disable=SC2086 # native is two words, or none
run_cleanly caffeinate -i $native "$PREFIX/bin/python" -I -S -c "$REMOVER" \
  remove "$root" "$PREFIX/envs/$NAME" "$TARGET" >>"$log" 2>&1 </dev/null ||
  fail "$NAME could not be removed"

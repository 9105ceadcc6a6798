# Changes one small file: a shell's, or a Jupyter kernel's. POSIX sh. PREFIX, FILE, OF_SYSTEM (yes if that is
# not in the home), BEFORE, AFTER and EDIT (the text of edit_shell_file.py or edit_kernel.py) are set above
# this text.
take_lock
[ -z "$OF_SYSTEM" ] || FILE=${TORCHARD_ROOT-}$FILE
[ -x "$PREFIX/bin/conda" ] || die "there is no conda at $PREFIX any more; run it again"
# shellcheck disable=SC2086 # native is two words, or none
run_cleanly $native "$PREFIX/bin/python" -B -I -S -c "$EDIT" "$FILE" "$BEFORE" "$AFTER" </dev/null ||
  die "$FILE was left as it was."

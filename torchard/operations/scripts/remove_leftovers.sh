# Finishes or removes what a stopped run left, and nothing else. POSIX sh. PREFIX is set above this text.
take_lock
open_log leftovers
finish_install
remove_halves
[ -z "$stuck" ] || die "$stuck cannot be removed; look with \`ls -leO\` on the Mac at what is closed or locked in it"

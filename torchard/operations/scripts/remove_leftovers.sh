# Finishes or removes what a stopped run left, and nothing else. POSIX sh. PREFIX is set above this text.
take_lock
open_log leftovers
finish_install
remove_halves
set -- "$root"/generations/.discarded-*
[ ! -e "$1" ] || die "$1 cannot be removed; look with \`ls -leO\` on the Mac at what is closed or locked in it"

# Finishes or removes what a stopped run left, and nothing else. POSIX sh. PREFIX is set above this text.
take_lock
open_log leftovers
finish_install
remove_halves

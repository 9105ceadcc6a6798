# Removes the run lock of a dead run, and no other. POSIX sh. HOLDER, the token of that run, is set above
# this text. Everything is checked again here.
[ -d "$root/lock" ] || exit 0
[ "$(sed -n '1s/ .*//p' "$root/lock/owner" 2>/dev/null)" = "$HOLDER" ] ||
  die "another run holds the lock now; nothing was changed"
# If the run is another Mac's, the person who typed this has checked that Mac.
print_other_mac >/dev/null && ended_on=$(sed -n 4p "$root/lock/running")
if busy=$(print_holder); then die "$busy is still at work there; nothing was changed"; fi
break_stale_lock
[ ! -d "$root/lock" ] || die "another run is just taking the lock; nothing was changed"

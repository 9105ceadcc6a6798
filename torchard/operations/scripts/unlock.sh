# Removes the run lock that a dead run left, and no other. POSIX sh. HOLDER, the token of that run, is
# set above this text; everything is judged again here.
[ -d "$root/lock" ] || exit 0
[ "$(sed -n '1s/ .*//p' "$root/lock/owner" 2>/dev/null)" = "$HOLDER" ] ||
  die "the lock is another's by now; nothing was changed"
# If the run is another Mac's, the person who names it has looked there.
other_mac >/dev/null && ended_on=$(sed -n 4p "$root/lock/running")
if busy=$(holder); then die "$busy is still at work there; nothing was changed"; fi
break_stale
[ ! -d "$root/lock" ] || die "another run is just taking the lock; nothing was changed"

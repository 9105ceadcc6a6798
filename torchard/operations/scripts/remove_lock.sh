# Removes the run lock of a dead run, and no other. POSIX sh. ENDED, the token of that run, is set above
# this text. Everything is checked again here, but whether its controller has ended: that the person who
# typed this has checked.
[ -d "$root/lock" ] || exit 0
[ "$(read_token)" = "$ENDED" ] || die "another run holds the lock now; nothing was changed"
# If the run is another Mac's, the person has checked that Mac.
[ -f "$root/lock/lease" ] || ! print_other_mac >/dev/null ||
  ended_on=$(sed -n 4p "$root/lock/running")
if busy=$(print_holder); then die "$busy is still at work there; nothing was changed"; fi
change_lock break_lock
[ ! -d "$root/lock" ] || die "another run is just taking the lock; nothing was changed"

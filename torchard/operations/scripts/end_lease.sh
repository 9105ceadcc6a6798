# Ends this run's lock between two scripts, or lets the script that still works end it. POSIX sh. TOKEN
# and root are set above this text. If another run just breaks a lock, nothing is done: the lease ends by
# itself.
mkdir "$root/lock.breaking" 2>/dev/null || exit 0
if [ "$(sed -n '1s/ .*//p' "$root/lock/owner" 2>/dev/null)" = "$TOKEN" ]; then
  if [ -f "$root/lock/lease" ]; then rm -rf "$root/lock"; else : >"$root/lock/last"; fi
fi
rmdir "$root/lock.breaking"

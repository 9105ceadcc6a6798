# Asks macOS how much room it would make on the volume of the home; writes nothing. POSIX sh. SCRIPT,
# the text of room.js, is set above this text, where tools.sh stands as well. Where macOS does not
# say, or not within 20 seconds, nothing is printed.
if osascript=$(find_tool osascript); then
  "$osascript" -l JavaScript -e "$SCRIPT" "$HOME" 2>/dev/null </dev/null &
  asked=$!
  (sleep 20 && kill "$asked") >/dev/null 2>&1 </dev/null &
  watch=$!
  wait "$asked" 2>/dev/null
  kill "$watch" 2>/dev/null
fi
:

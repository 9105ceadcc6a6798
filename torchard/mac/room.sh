# Asks macOS how much room it would make on the volume of the home; writes nothing. POSIX sh. SCRIPT is
# the text of room.js; it and tools.sh come before this text. If macOS does not answer within 20
# seconds, nothing is printed.
if osascript=$(find_tool osascript); then
  "$osascript" -l JavaScript -e "$SCRIPT" "$HOME" 2>/dev/null </dev/null &
  asked=$!
  (sleep 20 && kill "$asked") >/dev/null 2>&1 </dev/null &
  watch=$!
  wait "$asked" 2>/dev/null
  kill "$watch" 2>/dev/null
fi
:

# Writes the file that adds conda to the PATH of every account. POSIX sh. LINE, BEFORE (what the file had
# when this was planned, or empty) and USES_SUDO (yes or empty) are set above this text.
take_lock
file=${TORCHARD_ROOT-}/etc/paths.d/torchard
now=$(cat "$file" 2>/dev/null)
[ "$now" != "$LINE" ] || exit 0
[ "$now" = "$BEFORE" ] || die "$file has changed; it was left as it was. Run it again"
if [ -n "$USES_SUDO" ]; then
  printf '%s\n' "$LINE" | sudo -n /usr/bin/tee "$file" >/dev/null
else
  mkdir -p "${file%/*}" && printf '%s\n' "$LINE" >"$file"
fi || die "$file could not be written. An administrator of that Mac can type:
echo $LINE | sudo tee $file"
[ "$(cat "$file")" = "$LINE" ] || die "$file cannot be read by every account; run \`sudo chmod 644 $file\`"

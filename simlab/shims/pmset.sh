# The settings in use, as `pmset -g` prints them (pmset(1)), shortened.
[ "$*" = -g ] || beyond "pmset $*"
value sleeps
printf '%s\n' 'System-wide power settings:' 'Currently in use:' ' standby              1' \
  ' womp                 1' ' powernap             1' ' disksleep            10'
if [ "${answer:-0}" -gt 0 ]; then
  echo " sleep                $answer (sleep prevented by sharingd)"
else
  echo ' sleep                0'
fi
printf '%s\n' ' displaysleep         10' ' autorestart          0'

# Reads what `torchard doctor` asks beside the probe, and writes nothing. POSIX sh. PREFIX is set above
# this text, and tools.sh and packages.sh come before it. What a tool does not say is left out.
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
printf '\nbegin\n'
# `status` needs no rights (fdesetup(8)).
case $(fdesetup status 2>/dev/null </dev/null) in
  *'FileVault is On.'*) printf 'filevault\ton\n' ;;
  *'FileVault is Off.'*) printf 'filevault\toff\n' ;;
esac
# The settings in use: minutes until the Mac sleeps, 0 for never, and whether the network wakes it
# (pmset(1)).
pmset -g 2>/dev/null </dev/null | awk -v OFS="$tab" '
  ($1 == "sleep" || $1 == "womp") && $2 ~ /^[0-9]+$/ { print $1, $2 }'
# How many updates macOS has found by itself. Asking Apple would take minutes.
updates=$(defaults read /Library/Preferences/com.apple.SoftwareUpdate LastUpdatesAvailable 2>/dev/null </dev/null)
case $updates in '' | *[!0-9]*) ;; *) printf 'updates\t%s\n' "$updates" ;; esac
# Condas where their installers and Homebrew put them.
# shellcheck disable=SC2088
case $PREFIX in
  '~/'*) PREFIX=$HOME/${PREFIX#??} ;;
esac
for folder in "$HOME" "$HOME/opt" "${TORCHARD_ROOT-}/opt"; do
  for name in miniconda3 anaconda3 miniforge3 mambaforge; do
    set -- "$@" "$folder/$name"
  done
done
for folder in /opt/homebrew /usr/local; do
  for name in miniconda miniforge anaconda; do
    set -- "$@" "${TORCHARD_ROOT-}$folder/Caskroom/$name/base"
  done
done
for path in "$@"; do
  [ -x "$path/bin/conda" ] || continue
  ! is_same "$path" "$PREFIX" || continue
  case $path in "$HOME"/*) ;; *) path=${path#"${TORCHARD_ROOT-}"} ;; esac
  printf 'conda\t%s\n' "$path"
done
printf 'end\tok\n'

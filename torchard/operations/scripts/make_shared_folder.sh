# Makes the folder of a prefix that accounts share, or the one for Jupyter's kernels, or gives an empty one of
# root's to this account. POSIX sh. FOLDER, OF_SYSTEM (yes if the lab does not name it) and USES_SUDO
# (yes or empty) are set above this text. There may be no run lock yet: it will be in the folder of the prefix.
# Without sudo, nobody else may have made the folder meanwhile.
LC_ALL=C
export LC_ALL
umask 022
account=$(id -un)
[ -z "$OF_SYSTEM" ] || FOLDER=${TORCHARD_ROOT-}$FOLDER
if [ -n "$USES_SUDO" ]; then
  sudo -n /usr/bin/install -d -m 755 -o "$account" "$FOLDER" </dev/null || {
    printf '%s\n' "sudo did not make $FOLDER. An administrator of that Mac can type:" \
      "sudo install -d -m 755 -o $account $FOLDER" >&2
    exit 1
  }
else
  mkdir -p "${FOLDER%/*}" && mkdir "$FOLDER" || exit 1
fi
# shellcheck disable=SC3067 # every sh knows -O
[ -O "$FOLDER" ] || {
  printf '%s\n' "$FOLDER does not belong to $account; nothing else was done" >&2
  exit 1
}

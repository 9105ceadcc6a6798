# Installs Miniconda at PREFIX from an installer whose sha256 is verified first.
# PREFIX, FILE, SHA256, ARCH and MARK (JSON) are set above this text.
take_lock
open_log miniconda
whole() {
  [ -x "$PREFIX/bin/conda" ] && [ -x "$PREFIX/bin/python" ] && [ ! -e "$PREFIX/install_tmp" ] &&
    [ ! -e "$PREFIX/.messages.txt" ] && [ ! -e "$PREFIX/preconda.tar.bz2" ] &&
    [ ! -e "$PREFIX/postconda.tar.bz2" ] &&
    grep -q '^# update specs:' "$PREFIX/conda-meta/history" 2>/dev/null
}
# An earlier run may have finished since we looked.
whole && exit 0
place "$SHA256" "$FILE" || die "Nothing was executed."
if [ -e "$PREFIX" ] || [ -L "$PREFIX" ]; then
  aside=$PREFIX.torchard-aside-$(date +%Y%m%d-%H%M%S)
  mv "$PREFIX" "$aside" || die "$PREFIX is half installed and cannot be moved aside"
fi
# The installer looks at its own name: it must end in .sh.
work=$root/kits/installer-$$
mkdir "$work" && ln "$root/depot/$SHA256" "$work/$FILE" || die "$root/kits cannot be written"
run /bin/bash "$work/$FILE" -b -p "$PREFIX" || failed "the installer $FILE failed"
rm -rf "$work" "$root/depot/$SHA256"
whole || failed "the installer $FILE ended well, but left no whole conda at $PREFIX"
run "$PREFIX/bin/conda" --version || failed "the conda at $PREFIX does not run"
# shellcheck disable=SC2086 # native is two words, or none
machine=$($native "$PREFIX/bin/python" -I -c 'import platform; print(platform.machine())')
[ "$machine" = "$ARCH" ] || die "the python at $PREFIX runs as ${machine:-nothing}, not as $ARCH"
printf '%s\n' "$MARK" >"$PREFIX/.torchard.json" || die "$PREFIX cannot be written"

#!/bin/sh
# @file@, made by simlab for simulated Macs: it has the manners of @name@'s installer, and none
# of its contents. What follows this script is a program, @program@ bytes, and a tar archive.
set -eu
unset DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH CONDARC MAMBARC
case $0 in
  *.sh) ;;
  *)
    printf 'Please run using "bash"/"dash"/"sh"/"zsh", but not "." or "source".\n' >&2
    exit 1
    ;;
esac
# A Mac's /bin/bash is the host's here: its own is the one on its PATH.
if [ -n "${BASH_VERSION-}" ] && [ -z "${SIMLAB_BASH-}" ]; then
  SIMLAB_BASH=own
  export SIMLAB_BASH
  exec bash "$0" "$@"
fi
unset SIMLAB_BASH
this=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")

floor=@floor@
system=${CONDA_OVERRIDE_OSX:-$(SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion)}
# MAJOR.MINOR as one number, to compare.
number() {
  rest=${1#*.}
  [ "$rest" != "$1" ] || rest=0
  echo $((${1%%.*} * 100 + ${rest%%.*}))
}
if [ "$(number "$system")" -lt "$(number "$floor")" ]; then
  printf 'Installer requires macOS >=%s, but system has %s.\n' "$floor" "$system" >&2
  exit 1
fi

BATCH=0
FORCE=0
KEEP_PKGS=1
SKIP_SCRIPTS=0
PREFIX=${HOME:-/opt}/@default@
usage() {
  printf 'usage: %s [options]\n\nInstalls a simulated @name@ @version@\n\n' "$0"
  printf '%s\n' \
    '-b           run in batch mode: no questions, and the license is taken as accepted' \
    '-c           run conda init after an installation in batch mode' \
    '-f           no error if the install prefix already exists' \
    '-h           print this help message and exit' \
    '-i           run in interactive mode' \
    '-k           do not clear the package cache after installation' \
    '-m           disable the creation of menu items and shortcuts' \
    "-p PREFIX    install prefix, defaults to $PREFIX, must not contain spaces" \
    '-s           skip running pre/post-link and install scripts' \
    '-t           run package tests after installation' \
    '-u           update an existing installation'
}
while getopts ':bcifhkp:smtu' option; do
  case $option in
    b) BATCH=1 ;;
    i) BATCH=0 ;;
    f | u) FORCE=1 ;;
    h)
      usage
      exit 2
      ;;
    k) KEEP_PKGS=1 ;;
    m) ;;
    p) PREFIX=$OPTARG ;;
    s) SKIP_SCRIPTS=1 ;;
    c | t)
      printf 'ERROR: simlab does not simulate -%s\n' "$option" >&2
      exit 70
      ;;
    *)
      printf "ERROR: did not recognize option '%s', please try -h\n" "$OPTARG" >&2
      exit 1
      ;;
  esac
done
export FORCE KEEP_PKGS SKIP_SCRIPTS

if [ "$BATCH" = 0 ]; then
  # Nobody looks at the arch in batch mode: what is wrong there shows when it does not run.
  [ "$(uname -m)" = @arch@ ] ||
    printf 'WARNING: Your machine hardware does not appear to be @arch@.\n' >&2
  printf '\nWelcome to a simulated @name@ @version@\n\n'
  printf 'Do you accept the license terms? [yes|no]\n>>> '
  read -r answer || answer=no
  case $answer in
    [Yy][Ee][Ss]) ;;
    *)
      printf "The license agreement wasn't approved, aborting installation.\n" >&2
      exit 2
      ;;
  esac
  printf '\n@name@ will now be installed into this location:\n%s\n\n[%s] >>> ' "$PREFIX" "$PREFIX"
  read -r answer || answer=
  [ -z "$answer" ] || PREFIX=$answer
fi
case $PREFIX in
  *' '*)
    printf 'ERROR: Cannot install into directories with spaces\n' >&2
    exit 1
    ;;
esac
if [ "$FORCE" = 0 ] && [ -e "$PREFIX" ]; then
  printf "ERROR: File or directory already exists: '%s'\n" "$PREFIX" >&2
  printf 'If you want to update an existing installation, use the -u option.\n' >&2
  exit 1
fi
if ! mkdir -p "$PREFIX"; then
  printf "ERROR: Could not create directory: '%s'\n" "$PREFIX" >&2
  exit 1
fi
PREFIX=$(cd "$PREFIX" && pwd)
export PREFIX
printf 'PREFIX=%s\n' "$PREFIX"

available=$(df -Pk "$PREFIX" | awk 'END { print $4 }')
if [ "$available" -lt $((@needed@ / 1024)) ]; then
  printf "ERROR: Not enough free disk space in '%s': %s MB needed, %s MB available.\n" \
    "$PREFIX" $((@needed@ / 1048576)) $((available / 1024)) >&2
  exit 1
fi
cd "$PREFIX"
# Ends here as a kill would, when mac.json or the environment says so.
stop=${SIMLAB_INSTALLER_STOP_AFTER:-}
mac=$PREFIX
while [ -n "$mac" ] && [ ! -f "$mac/mac.json" ]; do mac=${mac%/*}; done
if [ -z "$stop" ] && [ -n "$mac" ]; then
  stop=$(sed -n 's/.*"installer_stop_after": *"\([a-z]*\)".*/\1/p' "$mac/mac.json")
fi
stop_after() { if [ "$stop" = "$1" ]; then kill -9 $$; fi; }

program=$((@program@))
payload=$((@header@ + program + 1))
tail -c +$((@header@ + 1)) "$this" | head -c "$program" >"$PREFIX/_conda"
chmod +x "$PREFIX/_conda"
actual=$(tail -c +"$payload" "$this" | md5)
if [ "$actual" != @md5@ ]; then
  printf 'WARNING: md5sum mismatch of tar archive\nexpected: %s\n     got: %s\n' @md5@ "$actual" >&2
fi
conda_exec() { "$host" -I "$PREFIX/_conda" "$@"; }
printf 'Unpacking payload ...\n'
tail -c +"$payload" "$this" | conda_exec tarball "$PREFIX"
: >"$PREFIX/.messages.txt"
mkdir -p "$PREFIX/install_tmp"
conda_exec tarball "$PREFIX" <"$PREFIX/preconda.tar.bz2"
stop_after preconda
rm -f "$PREFIX/preconda.tar.bz2"
stop_after extract
printf '\nInstalling base environment...\n\n'
conda_exec link "$PREFIX" "$PREFIX/pkgs/env.txt"
stop_after postconda
conda_exec tarball "$PREFIX" <"$PREFIX/postconda.tar.bz2"
rm -f "$PREFIX/postconda.tar.bz2"
rm -f "$PREFIX/_conda"
rm -rf "$PREFIX/install_tmp"
cat "$PREFIX/.messages.txt"
rm -f "$PREFIX/.messages.txt"
printf 'installation finished.\n'
exit 0

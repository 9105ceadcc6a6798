# Reads one Mac's whole state and writes nothing. POSIX sh; PREFIX is set by the line above this
# file's text. Answers are lines of tab-separated ASCII; a path is given as hexadecimal bytes, so
# that no name can be mistaken for another line. The last line is the sentinel: without it the
# answer was cut short.
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
say() { printf '%s\t%s\n' "$1" "$2"; }
key() { sysctl -n "$1" 2>/dev/null || true; }

say kernel "$(uname -s)"
say machine "$(uname -m)"
say arm64 "$(key hw.optional.arm64)"
say translated "$(key sysctl.proc_translated)"
say macos "$(SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion 2>/dev/null || true)"
say home "$(hex "$HOME")"
say user "$(hex "$(id -un)")"
say free "$(df -Pk "$HOME" 2>/dev/null | awk 'NR == 2 { print $4 }')"
say clock "$(date +%s)"

case $PREFIX in
  '~') PREFIX=$HOME ;;
  '~/'*) PREFIX=$HOME/${PREFIX#??} ;;
esac
say prefix "$(hex "$PREFIX")"
# Whole by conda's own signs, not by the presence of a directory: an interrupted installer leaves
# bin/conda and an empty history behind.
if [ ! -e "$PREFIX" ] && [ ! -L "$PREFIX" ]; then
  state=absent
elif [ -e "$PREFIX/.messages.txt" ] || [ -e "$PREFIX/install_tmp" ] ||
  [ -e "$PREFIX/preconda.tar.bz2" ] || [ -e "$PREFIX/postconda.tar.bz2" ]; then
  state=half
elif [ -x "$PREFIX/bin/conda" ] && [ -x "$PREFIX/bin/python" ] &&
  grep -q '^# update specs:' "$PREFIX/conda-meta/history" 2>/dev/null; then
  state=whole
elif [ -e "$PREFIX/_conda" ] || [ -d "$PREFIX/conda-meta" ]; then
  state=half
elif [ -d "$PREFIX" ] && [ -z "$(ls -A "$PREFIX" 2>/dev/null)" ]; then
  state=half
else
  state=foreign
fi
say prefix_state "$state"
one() { for f in "$@"; do [ -f "$f" ] && printf '%s' "$f" && return; done; return 0; }
if [ "$state" = whole ]; then
  record=$(one "$PREFIX"/conda-meta/python-[0-9]*.json)
  [ -z "$record" ] || say prefix_subdir "$(sed -n 's/^ *"subdir": *"\([^"]*\)".*/\1/p' "$record" | head -n 1)"
  record=$(one "$PREFIX"/conda-meta/conda-[0-9]*.json)
  record=${record##*/conda-}
  [ -z "$record" ] || say conda_version "${record%%-*}"
fi
if [ -f "$PREFIX/.torchard.json" ]; then
  say prefix_mark "$(tr -d '\n\t' <"$PREFIX/.torchard.json")"
fi

root=$HOME/.torchard
environment() {
  say environment "$(hex "$1")"
  [ -f "$1/conda-meta/history" ] && say whole 1
  set -- "$1" "$1"/conda-meta/*.json~
  [ -e "$2" ] && say damaged 1
  set -- "$1" "$1"/conda-meta/*.c~
  [ -e "$2" ] && say damaged 1
  set -- "$1" "$1"/conda-meta/*.json
  if [ -e "$2" ]; then
    path=$1
    shift
    # One awk for all records; conda and rattler both write one key a line.
    awk -v tab="$tab" '
      function flush() { if (name != "") print "conda" tab name tab version tab build tab sha }
      FNR == 1 { flush(); name = version = build = sha = "" }
      /^  "(name|version|build|sha256)": *"/ {
        key = $0; sub(/^ *"/, "", key); sub(/".*/, "", key)
        value = $0; sub(/^[^:]*: *"/, "", value); sub(/".*/, "", value)
        if (key == "name" && name == "") name = value
        if (key == "version" && version == "") version = value
        if (key == "build" && build == "") build = value
        if (key == "sha256" && sha == "") sha = value
      }
      END { flush() }' "$@"
    set -- "$path"
  fi
  for dist in "$1"/lib/python3*/site-packages/*.dist-info; do
    if [ -d "$dist" ] && [ ! -L "${dist%/*/*}" ]; then
      dist=${dist##*/}
      case $dist in *[!A-Za-z0-9._+!-]*) continue ;; esac
      say dist "${dist%.dist-info}"
    fi
  done
  if [ -f "$1/.torchard.json" ]; then
    say stamp "$(tr -d '\n\t' <"$1/.torchard.json")"
  fi
}
for path in "$PREFIX"/envs/* "$PREFIX"/envs/.[!.]*; do
  if [ -L "$path" ]; then
    say link "$(hex "${path##*/}")$tab$(hex "$(readlink "$path")")"
  elif [ -e "$path" ]; then
    say link "$(hex "${path##*/}")$tab-"
  fi
done
for path in "$root"/generations/*; do
  [ -d "$path" ] && [ ! -L "$path" ] && environment "$path"
done
# What lies in this Mac's depot: files named by their sha256, with sizes in bytes. One that is still
# in incoming/ has not been verified yet.
if [ -d "$root/depot" ]; then
  (cd "$root/depot" && find . -type f -exec ls -ln {} +) |
    awk -v tab="$tab" '$NF ~ /^\.\/(incoming\/)?[0-9a-f]+$/ {
      sub(/.*\//, "", $NF); print "depot" tab $NF tab $5
    }'
fi
if [ -d "$root/lock" ]; then
  busy=0
  pid=$(sed -n 1p "$root/lock/running" 2>/dev/null || true)
  start=$(sed -n 2p "$root/lock/running" 2>/dev/null || true)
  case $pid in
    '' | *[!0-9]*) ;;
    *) [ "$(TZ=UTC0 ps -o lstart= -p "$pid" 2>/dev/null)" = "$start" ] && busy=1 ;;
  esac
  say lock "$(tr -d '\n' <"$root/lock/owner" 2>/dev/null || true)$tab$busy"
fi
for path in "$HOME/.zshrc" "$HOME/.bash_profile"; do
  if [ -f "$path" ] && grep -q '^# >>> conda initialize >>>' "$path"; then
    say shell_block "${path##*/}"
  fi
done
say end ok

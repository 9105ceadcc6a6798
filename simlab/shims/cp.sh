# BSD reads no option after the first operand, and copies the contents of a directory named with a slash
# at its end; GNU the directory.
flags=
recursive=
clone=
while getopts ':HLPRafilnprvXc-:' option; do
  case $option in
    R | r | a) recursive=yes && flags="$flags -$option" ;;
    c) clone=yes ;;
    X) [ -z "$gnu" ] || beyond "cp -$option" ;;
    -) illegal - ;;
    \?) case $OPTARG in [Sx]) beyond "cp -$OPTARG" ;; *) illegal "$OPTARG" ;; esac ;;
    *) flags="$flags -$option" ;;
  esac
done
shift $((OPTIND - 1))
if [ -n "$clone" ] && [ -z "$gnu" ]; then
  flags="$flags -c"
elif [ -n "$clone" ]; then
  # clonefile(2) clones on APFS alone, and a clone has the mode and times. Elsewhere cp copies since
  # macOS 14, and failed before (cp/utils.c in Apple's file_cmds 403 and 428).
  for target in "$@"; do :; done
  [ -d "$target" ] && place=$target || place=$(@host:dirname@ -- "$target")
  value hard_links
  plain=$answer
  text home
  home=$(cd "${0%/*}/@up@/$answer" && pwd -P)
  case $plain:$(cd "$place" && pwd -P)/ in
    false:"$home"/*)
      if [ "$major" -lt 14 ]; then
        [ "$place" = "$target" ] && target=$target/${1##*/}
        complain "$target: clonefile failed: Operation not supported"
        exit 1
      fi
      ;;
    *) flags="$flags -p --remove-destination" ;;
  esac
fi
if [ -n "$recursive" ] && [ -n "$gnu" ]; then
  index=0
  total=$#
  while [ "$index" -lt "$total" ]; do
    index=$((index + 1))
    word=$1
    shift
    if [ "$index" -lt "$total" ] && [ -d "$word" ]; then
      case $word in ?*/) word=$word. ;; esac
    fi
    set -- "$@" "$word"
  done
fi
# shellcheck disable=SC2086 # several options, or none
exec @host@ $flags -- "$@"

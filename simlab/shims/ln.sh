flags=
soft=
while getopts ':LPfhinsvFw-:' option; do
  case $option in
    h) [ -n "$gnu" ] && flags="$flags -n" || flags="$flags -h" ;;
    F | w) beyond "ln -$option" ;;
    s) soft=yes && flags="$flags -s" ;;
    -) illegal - ;;
    \?) illegal "$OPTARG" ;;
    *) flags="$flags -$option" ;;
  esac
done
shift $((OPTIND - 1))
value hard_links
if [ "$answer" = false ] && [ -z "$soft" ]; then
  # A volume of SMB or exFAT has none: link(2) fails with ENOTSUP.
  text home
  home=$(cd "${0%/*}/@up@/$answer" && pwd -P)
  for target in "$@"; do :; done
  [ $# -gt 1 ] || target=.
  [ -d "$target" ] || target=$(@host:dirname@ -- "$target")
  case $(cd "$target" && pwd -P)/ in
    "$home"/*)
      complain "$1: Operation not supported"
      exit 1
      ;;
  esac
fi
# shellcheck disable=SC2086 # several options, or none
exec @host@ $flags -- "$@"

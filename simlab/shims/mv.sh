# -h, which is not to follow a link to a directory, is BSD's own; GNU's word for it is -T.
flags=
while getopts ':fhinv-:' option; do
  case $option in
    h) [ -n "$gnu" ] && flags="$flags -T" || flags="$flags -h" ;;
    -) illegal - ;;
    \?) illegal "$OPTARG" ;;
    *) flags="$flags -$option" ;;
  esac
done
shift $((OPTIND - 1))
# shellcheck disable=SC2086 # several options, or none
exec @host@ $flags -- "$@"

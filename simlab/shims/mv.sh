# -h, which is not to follow a link to a directory, is BSD's own, and macOS 13 is the first of which
# it is certain; GNU's word for it is -T. Without it, what is moved to such a link goes inside.
flags=
while getopts ':fhinv-:' option; do
  case $option in
    h)
      [ "$major" -ge 13 ] || illegal h
      [ -n "$gnu" ] && flags="$flags -T" || flags="$flags -h"
      ;;
    -) illegal - ;;
    \?) illegal "$OPTARG" ;;
    *) flags="$flags -$option" ;;
  esac
done
shift $((OPTIND - 1))
# shellcheck disable=SC2086 # several options, or none
exec @host@ $flags -- "$@"

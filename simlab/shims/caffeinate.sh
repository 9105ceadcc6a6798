seconds=
while getopts ':dimsut:w:' option; do
  case $option in
    t) seconds=$OPTARG ;;
    w) beyond 'caffeinate -w' ;;
    :) complain "option requires an argument -- $OPTARG" && exit 1 ;;
    \?) illegal "$OPTARG" ;;
    *) ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- sleep "${seconds:-86400}"
exec "$@"

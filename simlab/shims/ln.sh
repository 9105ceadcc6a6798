flags=
while getopts ':LPfhinsvFw-:' option; do
  case $option in
    h) [ -n "$gnu" ] && flags="$flags -n" || flags="$flags -h" ;;
    F | w) beyond "ln -$option" ;;
    -) illegal - ;;
    \?) illegal "$OPTARG" ;;
    *) flags="$flags -$option" ;;
  esac
done
shift $((OPTIND - 1))
# shellcheck disable=SC2086 # several options, or none
exec @host@ $flags -- "$@"

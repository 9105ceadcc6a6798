# BSD counts in blocks of 512 bytes unless an option says otherwise.
unit=
while getopts ':HLPachkmnsxd:gAlBIt-:' option; do
  case $option in
    h | k | m) unit=yes ;;
    - ) illegal - ;;
    [gAlBIt]) [ -z "$gnu" ] || beyond "du -$option" ;;
    :)
      complain "option requires an argument -- $OPTARG"
      exit @status@
      ;;
    \?) illegal "$OPTARG" ;;
  esac
done
[ -z "$gnu" ] || [ -n "$unit" ] || set -- -B512 "$@"
exec @host@ "$@"

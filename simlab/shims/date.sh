utc=
when=
rfc=
# zsh and mksh take +FORMAT for options, so getopts reads what comes before it.
format=
iso=
total=$#
while [ "$total" -gt 0 ]; do
  case $1 in
    +*) format=$1 ;;
    # From macOS 13 on; in the same word may stand how far.
    -I | -Idate | -Ihours | -Iminutes | -Iseconds)
      [ "$major" -ge 13 ] || illegal I
      iso=$1
      ;;
    *) set -- "$@" "$1" ;;
  esac
  shift
  total=$((total - 1))
done
while getopts ':ujnRr:f:v:-:' option; do
  case $option in
    u) utc=-u ;;
    j | n) ;;
    R) rfc=-R ;;
    r) when=$OPTARG ;;
    f | v) beyond "date -$option" ;;
    -) illegal - ;;
    :)
      complain "option requires an argument -- $OPTARG"
      exit 1
      ;;
    \?) illegal "$OPTARG" ;;
  esac
done
shift $((OPTIND - 1))
case $iso in
  -I | -Idate) format=+%Y-%m-%d ;;
  -Ihours) format=+%Y-%m-%dT%H%:z ;;
  -Iminutes) format=+%Y-%m-%dT%H:%M%:z ;;
  -Iseconds) format=+%Y-%m-%dT%H:%M:%S%:z ;;
esac
[ -n "$gnu" ] || [ -z "$iso" ] || { set -- "$@" "$iso" && format=; }
set -- "$@" ${format:+"$format"}
value clock
if [ "${answer:-0}" != 0 ] && [ -z "$when" ]; then
  when=$(($(@host@ +%s) + answer))
fi
[ -n "$gnu" ] || exec @host@ $utc $rfc ${when:+-r "$when"} "$@"
case ${1-+} in
  +*) ;;
  *)
    complain 'settimeofday (timezone): Operation not permitted'
    exit 1
    ;;
esac
format=${1-}
# Before macOS 15.4 there is no %N, and the letter is printed.
while [ "$major" -lt 15 ] || { [ "$major" -eq 15 ] && [ "$minor" -lt 4 ]; }; do
  case $format in
    *%N*) format=${format%%"%N"*}N${format#*"%N"} ;;
    *) break ;;
  esac
done
set -- ${format:+"$format"}
case $when in
  '') exec @host@ $utc $rfc "$@" ;;
  *[!0-9]*) exec @host@ $utc $rfc -r "$when" "$@" ;;
  *) exec @host@ $utc $rfc -d "@$when" "$@" ;;
esac

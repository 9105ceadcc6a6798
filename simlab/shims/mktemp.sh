# BSD replaces only X's at the end, and -t takes a prefix for a file in TMPDIR.
directory=
quiet=
dry=
prefix=
while getopts ':dqut:-:' option; do
  case $option in
    d) directory=-d ;;
    q) quiet=-q ;;
    u) dry=-u ;;
    t) prefix=$OPTARG ;;
    -) illegal - ;;
    :)
      complain "option requires an argument -- $OPTARG"
      exit 1
      ;;
    \?) illegal "$OPTARG" ;;
  esac
done
shift $((OPTIND - 1))
for template in "$@"; do
  case $template in
    *XXX) ;;
    *)
      complain "mkstemp failed on $template: the X's must stand at the end"
      exit 1
      ;;
  esac
done
[ $# -gt 0 ] && [ -z "$prefix" ] || set -- "${TMPDIR:-/tmp}/${prefix:-tmp}.XXXXXXXXXX" "$@"
for template in "$@"; do
  @host@ $directory $quiet $dry -- "$template" || exit 1
done

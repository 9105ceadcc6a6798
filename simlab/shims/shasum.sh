# Perl's shasum; the host's own sums print the same lines and are there on slim systems.
algorithm=1
check=
quiet=
while getopts ':a:bchqstUw-:' option; do
  case $option in
    a) algorithm=$OPTARG ;;
    b | t | U | w) ;;
    c) check=-c ;;
    q) quiet=--quiet ;;
    s) quiet=--status ;;
    -)
      case $OPTARG in
        check) check=-c ;;
        status) quiet=--status ;;
        quiet) quiet=--quiet ;;
        algorithm=*) algorithm=${OPTARG#*=} ;;
        *)
          echo "Unknown option: $OPTARG" >&2
          exit 1
          ;;
      esac
      ;;
    *)
      echo "Unknown option: $OPTARG" >&2
      exit 1
      ;;
  esac
done
case $algorithm in
  1) sum=@host:sha1sum@ ;;
  224) sum=@host:sha224sum@ ;;
  256) sum=@host:sha256sum@ ;;
  384) sum=@host:sha384sum@ ;;
  512) sum=@host:sha512sum@ ;;
  *)
    complain "Unrecognized algorithm"
    exit 1
    ;;
esac
if [ ! -x "$sum" ]; then
  sum=@host:shasum@
  shift $((OPTIND - 1))
  exec "$sum" -a "$algorithm" $check ${check:+$quiet} -- "$@"
fi
shift $((OPTIND - 1))
exec "$sum" $check ${check:+$quiet} -- "$@"

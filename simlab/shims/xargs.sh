# Without input BSD runs nothing; GNU runs the command once without -r.
while getopts ':0ptxE:I:L:n:P:s:-:' option; do
  case $option in
    - ) illegal - ;;
    :)
      complain "option requires an argument -- $OPTARG"
      exit 1
      ;;
    \?) case $OPTARG in [JRSo]) beyond "xargs -$OPTARG" ;; *) illegal "$OPTARG" ;; esac ;;
    *) ;;
  esac
done
[ -n "$gnu" ] && set -- -r "$@"
exec @host@ "$@"

# BSD pads every count to eight columns, even of one count from standard input.
while getopts ':clmw-:' option; do
  case $option in
    - ) illegal - ;;
    \?) case $OPTARG in L) beyond 'wc -L' ;; *) illegal "$OPTARG" ;; esac ;;
    *) ;;
  esac
done
[ -n "$gnu" ] || exec @host@ "$@"
@host@ "$@" | @host:awk@ '{
  text = ""
  for (i = 1; i <= NF && $i ~ /^[0-9]+$/; i++) text = text sprintf(" %7d", $i)
  rest = $0
  sub(/^[ 0-9]+/, "", rest)
  print text (rest == "" ? "" : " " rest)
}'

# BSD writes the units of a size in small letters, which GNU does not read.
total=$#
while [ "$total" -gt 0 ]; do
  word=$1
  shift
  total=$((total - 1))
  case $word in
    -*) illegal - ;;
    iflag=* | oflag=*) 
      complain "unknown operand ${word%%=*}"
      exit 1
      ;;
    *bs=*m) [ -n "$gnu" ] && word=${word%m}M ;;
    *bs=*g) [ -n "$gnu" ] && word=${word%g}G ;;
  esac
  set -- "$@" "$word"
done

# BSD reads no option after the first operand: what looks like one there is a file name.
options=$((OPTIND - 1))
index=0
last=
dashed=
for word in "$@"; do
  index=$((index + 1))
  if [ "$index" -le "$options" ]; then
    last=$word
  else
    case $word in -?*) dashed=yes && break ;; esac
  fi
done
if [ -n "$dashed" ] && [ "$last" != -- ]; then
  index=0
  total=$#
  while [ "$index" -lt "$total" ]; do
    [ "$index" -eq "$options" ] && set -- "$@" --
    set -- "$@" "$1"
    shift
    index=$((index + 1))
  done
fi
exec @host@ "$@"

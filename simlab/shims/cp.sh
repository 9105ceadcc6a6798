# BSD copies the contents of a directory named with a slash at its end; GNU the directory.
recursive=
while getopts ':HLPRafilnprvXc-:' option; do
  case $option in
    R | r | a) recursive=yes ;;
    c | X) [ -z "$gnu" ] || beyond "cp -$option" ;;
    -) illegal - ;;
    \?) case $OPTARG in [Sx]) beyond "cp -$OPTARG" ;; *) illegal "$OPTARG" ;; esac ;;
    *) ;;
  esac
done
if [ -n "$recursive" ] && [ -n "$gnu" ]; then
  index=0
  total=$#
  while [ "$index" -lt "$total" ]; do
    index=$((index + 1))
    word=$1
    shift
    if [ "$index" -ge "$OPTIND" ] && [ "$index" -lt "$total" ] && [ -d "$word" ]; then
      case $word in ?*/) word=$word. ;; esac
    fi
    set -- "$@" "$word"
  done
fi

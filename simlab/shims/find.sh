# BSD find wants a path before the expression and knows none of GNU's own primaries.
paths=
started=
for word in "$@"; do
  case $word in
    --*) illegal - ;;
    -printf | -fprintf | -fprint | -fprint0 | -fls | -regextype | -readable | -writable | \
      -executable | -xtype | -daystart | -files0-from | -used | -ignore_readdir_race)
      complain "$word: unknown primary or operator"
      exit 1
      ;;
  esac
  [ -n "$started" ] && continue
  case $word in
    -[HLP]) ;;
    -[EXdsxf]) beyond "find $word" ;;
    -*)
      if [ -z "$paths" ]; then
        letter=${word#-}
        illegal "${letter%"${letter#?}"}"
      fi
      started=yes
      ;;
    '(' | '!') started=yes ;;
    *) paths=yes ;;
  esac
done
if [ -z "$paths" ]; then
  echo 'usage: find [-H | -L | -P] [-EXdsx] [-f path] path ... [expression]' >&2
  exit 1
fi
# BSD counts the minutes and days of an age upwards (find(1)): -mmin -1 is what is newer than now.
if [ -n "$gnu" ]; then
  total=$#
  before=
  while [ "$total" -gt 0 ]; do
    word=$1
    case $before in
      -[amc]min) case $word in -[1-9]*) word=-$((${word#-} - 1)) ;; esac ;;
      -[amc]time)
        case $word in
          [+-]0 | [+-]*[!0-9]*) beyond "find $before $word" ;;
          +*) word=+$((${word#+} - 1)) ;;
          *) beyond "find $before $word" ;;
        esac
        ;;
    esac
    before=$1
    shift
    set -- "$@" "$word"
    total=$((total - 1))
  done
fi
exec @host@ "$@"

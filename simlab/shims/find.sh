# BSD find wants a path before the expression and knows none of GNU's own primaries.
paths=
started=
for word in "$@"; do
  case $word in
    --*) illegal - ;;
    -printf | -fprintf | -fprint | -fprint0 | -fls | -regextype | -readable | -writable | \
      -executable | -xtype | -daystart | -files0-from | -used | -noleaf | -ignore_readdir_race)
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
exec @host@ "$@"

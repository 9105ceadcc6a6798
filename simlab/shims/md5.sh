form=long
while getopts ':qrnps:' option; do
  case $option in
    q | n) form=quiet ;;
    r) form=reversed ;;
    \?) illegal "$OPTARG" ;;
    *) beyond "md5 -$option" ;;
  esac
done
[ -n "$gnu" ] || exec @host:md5@ "$@"
shift $((OPTIND - 1))
if [ $# -eq 0 ]; then
  sum=$(@host:md5sum@) || exit 1
  echo "${sum%% *}"
  exit 0
fi
status=0
for path in "$@"; do
  if ! sum=$(@host:md5sum@ <"$path" 2>/dev/null); then
    complain "$path: No such file or directory"
    status=1
    continue
  fi
  sum=${sum%% *}
  case $form in
    long) printf 'MD5 (%s) = %s\n' "$path" "$sum" ;;
    quiet) printf '%s\n' "$sum" ;;
    reversed) printf '%s %s\n' "$sum" "$path" ;;
  esac
done
exit "$status"

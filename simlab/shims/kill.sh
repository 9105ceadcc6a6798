# The program; the kill that is built into a shell never comes here.
root=${0%/@folder@/*}
for word in "$@"; do
  case $word in
    -*) ;;
    *[!0-9]* | '') complain "illegal process id: $word" && exit 1 ;;
    *)
      if ! @python@ @source:ps@ "$root" -o pid= -p "$word" >/dev/null; then
        complain "$word: No such process"
        exit 1
      fi
      ;;
  esac
done
exec @host@ "$@"

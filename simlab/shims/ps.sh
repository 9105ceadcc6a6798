# This Mac's own processes alone: see simlab/processes.py. One that is asked for by its number, as a
# lock does at each look, is looked up here, which takes a third of the time.
root=${0%/@folder@/*}
case "$#$*" in
  '4-o lstart= -p '[0-9]*)
    if [ -n "$gnu" ] && [ -x @host:ps@ ]; then
      case $4 in *[!0-9]*) illegal p ;; esac
      [ "$4" = 1 ] || @host:grep@ -qsF "$root/" "/proc/$4/environ" ||
        case $(@host:readlink@ "/proc/$4/cwd" 2>/dev/null)/ in "$root"/*) ;; *) exit 1 ;; esac
      started=$(@host:ps@ -o lstart= -p "$4") || exit 1
      printf '%-28s\n' "$started"
      exit 0
    fi
    ;;
esac
exec @python@ @source:ps@ "$root" "$@"

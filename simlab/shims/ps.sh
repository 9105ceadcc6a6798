# This Mac's own processes alone: see simlab/processes.py. One that is asked for by its number, as a
# lock does at each look, is looked up here, which takes a tenth of the time: the host's ps reads much
# that nobody asks for. On Linux, /proc counts a hundred ticks a second (USER_HZ).
root=${0%/@folder@/*}
case "$#$*" in
  '4-o lstart= -p '[0-9]*)
    if [ -n "$gnu" ] && [ -r /proc/stat ]; then
      case $4 in *[!0-9]*) illegal p ;; esac
      [ "$4" = 1 ] || @host:grep@ -qsF "$root/" "/proc/$4/environ" ||
        case $(@host:readlink@ "/proc/$4/cwd" 2>/dev/null)/ in "$root"/*) ;; *) exit 1 ;; esac
      # The name of a program, in parentheses, may have any character.
      stat=$(@host:cat@ "/proc/$4/stat" 2>/dev/null) || exit 1
      boot=$(@host:grep@ '^btime ' /proc/stat)
      export LC_ALL=C # ps names days and months in English
      # shellcheck disable=SC2086 # its fields
      set -- ${stat##*\)}
      exec @host:date@ -d "@$((${boot#btime } + ${20} / 100))" '+%a %b %e %H:%M:%S %Y    '
    fi
    ;;
esac
exec @python@ @source:ps@ "$root" "$@"

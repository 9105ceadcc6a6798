while [ -L "$me" ]; do
  target=$(readlink "$me") || exit 1
  case $target in
    /*) me=$target ;;
    *) me=${me%/*}/$target ;;
  esac
done
case $me in /*) ;; *) me=$PWD/$me ;; esac
case $me in */condabin/*) prefix=${me%/condabin/*} ;; *) prefix=${me%/bin/*} ;; esac
exec "$host" -I "$prefix/@site@/simlab/conda/__main__.py" "$prefix" "$@"

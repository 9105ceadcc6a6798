lib=${me%/*}/../lib/python@short@
while [ ! -f "$lib/simlab_interpreter.py" ] && [ -L "$me" ]; do
  target=$(readlink "$me") || exit 1
  case $target in
    /*) me=$target ;;
    *) me=${me%/*}/$target ;;
  esac
  lib=${me%/*}/../lib/python@short@
done
exec "$host" -I -S "$lib/simlab_interpreter.py" @version@ @arch@ "$me" "$@"

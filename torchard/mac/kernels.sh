# The account's Jupyter kernels that have a name of Torchard's. POSIX sh, part of the probe, whose `say`
# and `code` it uses. A person's kernel.json may hold secrets, so only one with Torchard's mark is read.
# The folder is Jupyter's on macOS (jupyter_core/paths.py, jupyter_data_dir).
say_kernels() {
  folder=$HOME/Library/Jupyter/kernels
  say_unwritable kernels "$folder"
  count=0
  for path in "$folder"/torchard-*/kernel.json; do
    [ -e "$path" ] || [ -L "$path" ] || continue
    [ "$count" -lt 200 ] || break
    count=$((count + 1))
    name=${path%/kernel.json}
    code "${name##*/torchard-}"
    name=$coded
    code "$path"
    path_coded=$coded
    coded=-
    if [ -f "$path" ] && [ ! -L "$path" ] && [ ! -L "${path%/kernel.json}" ] && [ -r "$path" ] &&
      [ "$(head -c 16385 "$path" | wc -c)" -le 16384 ] && grep -q '"torchard": {' "$path"; then
      code "$(cat "$path")"
    fi
    say kernel "$name$tab$path_coded$tab$coded"
  done
}

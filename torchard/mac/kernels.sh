# The Jupyter kernels that have a name of Torchard's: the account's or, beside a prefix that accounts share,
# those of every account. POSIX sh, part of the probe, whose `say` and `code` it uses. A person's kernel.json
# may hold secrets, so only one with Torchard's mark is read. The account's folder is Jupyter's on macOS
# (jupyter_core/paths.py, jupyter_data_dir); sharing.sh has the other one.
say_kernels() {
  top=
  folder=$HOME/Library/Jupyter/kernels
  if [ "$root" = "$HOME/.torchard" ]; then
    say_unwritable kernels "$folder"
  else
    top=${TORCHARD_ROOT-}
    folder=$kernels_folder
  fi
  count=0
  for path in "$folder"/torchard-*/kernel.json; do
    [ -e "$path" ] || [ -L "$path" ] || continue
    [ "$count" -lt 200 ] || break
    count=$((count + 1))
    name=${path%/kernel.json}
    code "${name##*/torchard-}"
    name=$coded
    code "${path#"$top"}"
    path_coded=$coded
    coded=-
    if [ -f "$path" ] && [ ! -L "$path" ] && [ ! -L "${path%/kernel.json}" ] && [ -r "$path" ] &&
      [ "$(head -c 16385 "$path" | wc -c)" -le 16384 ] && grep -q '"torchard": {' "$path"; then
      code "$(cat "$path")"
    fi
    say kernel "$name$tab$path_coded$tab$coded"
  done
}

# Where a path lies: links, volumes, permissions. POSIX sh, part of the probe, whose `say` and `code`
# it uses.

# Sets $place to where the link at $place leads.
follow_link() {
  target=$(readlink "$place")
  case $target in /*) place=$target ;; *) place=${place%/*}/$target ;; esac
}
# Sets $place to the nearest directory on the way to $1; nothing stands for the root.
find_directory() {
  place=$1
  while [ ! -d "$place" ] && [ -n "$place" ]; do place=${place%/*}; done
}
# Says which volume a path needs and is not mounted: its own, or that of a link on its way.
say_unmounted() {
  place=$1
  hops=0
  while [ ! -e "$place" ] && [ -n "$place" ]; do
    if [ -L "$place" ] && [ "$hops" -lt 16 ]; then
      follow_link
      hops=$((hops + 1))
      continue
    fi
    case $place in
      /Volumes/*/* | /Volumes/) ;;
      /Volumes/*)
        code "$place"
        say unmounted "$coded"
        return
        ;;
    esac
    place=${place%/*}
  done
}
# Says where the account may not make what $2 needs: at the nearest part of it that exists.
say_unwritable() {
  place=$2
  while [ ! -e "$place" ] && [ -n "$place" ]; do place=${place%/*}; done
  if [ ! -d "${place:-/}" ] || [ ! -w "${place:-/}" ]; then
    code "${place:-/}"
    say "unwritable_$1" "$coded"
  fi
}
# Says if every account of this Mac may write to $2, which $1 names.
say_world_writable() {
  case $(ls -ld "$2/." 2>/dev/null) in
    d???????w*)
      code "$2"
      say "world_writable_$1" "$coded"
      ;;
  esac
}
# Says on which volume of $mounts a path lies or would lie: its kind, whether programs may run there and
# files have owners, its source, and the path within it. On a Mac, /Users and others are parts of
# /System/Volumes/Data.
say_volume() {
  find_directory "$2"
  real=$(cd "${place:-/}" 2>/dev/null && pwd -P)
  found=$(PLACE=${real%/}${2#"$place"} && export PLACE && printf '%s\n' "$mounts" | awk '
    match($0, / \([a-z0-9_]+(, [^()]*)?\)$/) {
      about = substr($0, RSTART + 2, RLENGTH - 3)
      names = substr($0, 1, RSTART - 1)
      at = index(names, " on /")
      point = substr(names, at + 4)
      inside = ENVIRON["PLACE"]
      if (point == "/") weight = 1
      else if (index(inside "/", point "/") == 1) {
        weight = 2 + length(point)
        inside = substr(inside, length(point) + 1)
      } else if (point == "/System/Volumes/Data") weight = 2
      else weight = 0
      if (at && weight && weight >= most) {
        most = weight
        split(about, words, ", ")
        runs = (about ", ") ~ /, noexec, / ? "noexec" : (about ", ") ~ /, noowners, / ? "noowners" : "exec"
        best = words[1] "\n" runs "\n" inside "\n" substr(names, 1, at - 1)
      }
    }
    END { print best }')
  [ -n "$found" ] || return 0
  kind=${found%%"$newline"*}
  found=${found#*"$newline"}
  runs=${found%%"$newline"*}
  found=${found#*"$newline"}
  code "${found%%"$newline"*}"
  inside=$coded
  code "${found#*"$newline"}"
  say "volume_$1" "$kind$tab$runs$tab$coded$tab$inside"
}
# Says whether the prefix lies in the folder at $1 and whether this account may list that. macOS guards
# some folders of a home, and other volumes, from programs that a person has not allowed (TCC),
# whatever the folder's mode says.
say_guarded() {
  case $PREFIX/ in "$1"/*) ;; *) return ;; esac
  case $(ls "$1" 2>&1 >/dev/null) in
    *'Operation not permitted'*) access=denied ;;
    *) access=open ;;
  esac
  code "$1"
  say guarded "$coded$tab$access"
}

# What an environment holds, package by package. POSIX sh with LC_ALL=C, part of the probe and of what
# builds, so that one text lists both what was built and what is there now.

# Whether a link to $1 leads into the generations of a home that is gone: it was renamed. If its
# parent cannot be listed, the home may exist, on a volume that is not mounted or as another account's.
is_former() {
  case $1 in */.torchard/generations/*) ;; *) return 1 ;; esac
  set -- "${1%/.torchard/generations/*}"
  [ -d "${1%/*}/" ] && [ -x "${1%/*}/" ] && [ ! -e "$1" ] && [ ! -L "$1" ]
}
# Whether two paths are one directory, by its inode: links and another case name it as well.
# shellcheck disable=SC3013 # every sh knows -ef, and POSIX does since 2024
is_same() { [ "$1/." -ef "$2/." ]; }

# Prints the packages of the environment at $1, one a line, with tabs between the fields.
print_packages() {
  # A wheel leaves a dist-info, and so does what pip builds from source; egg-info is conda's own.
  # A conda python has lib/python3.1 beside lib/python3.12, as a link.
  for dist in "$1"/lib/python3*/site-packages/*.dist-info; do
    if [ -f "$dist/METADATA" ] && [ ! -L "${dist%/*/*}" ]; then
      dist=${dist##*/}
      case $dist in
        [!A-Za-z0-9]* | *[!A-Za-z0-9._+!-]*) ;;
        *) printf 'dist\t%s\n' "${dist%.dist-info}" ;;
      esac
    fi
  done
  set -- "$1"/conda-meta/*.json
  [ -e "$1" ] || [ -L "$1" ] || return 0
  # conda itself holds a record to its file's name, name-version-build; only the sha256 must be
  # read. Records are long lists of files, but rattler writes it near the beginning and conda near
  # the end, so both ends of all records are read at once, and whole only one that has it in neither.
  { head -c 1536 "$@" /dev/null; tail -c 768 "$@" /dev/null; } 2>/dev/null | awk '
    # Only keys of the record itself: those of its files are indented further.
    function found(line) {
      if (line !~ /^ ? ? ? ?"sha256": *"[0-9a-f]+"/) return ""
      sub(/^[^:]*: *"/, "", line)
      sub(/".*/, "", line)
      return line
    }
    BEGIN {
      OFS = "\t"
      count = ARGC
      for (i = 1; i < count; i++) record[i] = ARGV[i]
      ARGC = 1
    }
    /^==> .* <==$/ { path = substr($0, 5, length($0) - 8); cut = 1; next }
    cut { cut = 0; next }
    sha256[path] == "" { sha256[path] = found($0) }
    END {
      for (i = 1; i < count; i++) {
        path = record[i]
        name = path
        sub(/.*\//, "", name)
        sub(/\.json$/, "", name)
        if (name !~ /^[A-Za-z0-9_.+!-]+-[A-Za-z0-9_.+!]+-[A-Za-z0-9_.+!]+$/) {
          print "damaged", 1
          continue
        }
        while (sha256[path] == "" && (getline line < path) > 0) sha256[path] = found(line)
        close(path)
        at = match(name, /-[^-]*-[^-]*$/)
        split(substr(name, at + 1), rest, "-")
        print "conda", substr(name, 1, at - 1), rest[1], rest[2], sha256[path]
      }
    }' "$@" 2>/dev/null || printf 'damaged\t1\n'
}
# Keeps the packages of a finished environment in it; `end` says that these are all.
keep_packages() { { print_packages "$1" && echo end; } >"$1/.torchard-packages"; }
# Prints the packages of the environment at $1 whose files are gone although their records exist. The
# build noted one file of each package; only that file is checked.
print_lost() {
  [ -f "$1/.torchard-files" ] && [ -r "$1/.torchard-files" ] || return 0
  between=$(printf '\t')
  count=0
  while [ "$count" -lt 20000 ] && IFS=$between read -r kind stem file; do
    count=$((count + 1))
    case $kind$file in
      size* | *..*) ;;
      *) [ -e "$1/$file" ] || [ -L "$1/$file" ] || printf 'lost\t%s\t%s\n' "$kind" "$stem" ;;
    esac
  done <"$1/.torchard-files"
}
# Prints the packages of an environment and, if the build kept its own list, whether that is the same.
# The kept list is printed only if it differs. The order of the lines means nothing.
print_packages_and_kept() {
  if [ ! -f "$1/.torchard-packages" ] || [ ! -r "$1/.torchard-packages" ]; then
    print_packages "$1"
    return
  fi
  { print_lost "$1"; print_packages "$1"; } | MADE=$1/.torchard-packages awk '
    /^lost\t/ { lost[substr($0, 6)] = 1; next }
    {
      split($0, field, "\t")
      stem = field[1] "\t" field[2]
      if (field[1] == "conda") stem = stem "-" field[3] "-" field[4]
      if (stem in lost) next
      print
    }
    /^(conda|dist)\t/ { found[$0] = 1 }
    END {
      while (lines++ < 20000 && (getline line < ENVIRON["MADE"]) > 0) {
        last = line
        if (line !~ /^(conda|dist)\t[!-~\t]*$/ || length(line) > 500) continue
        made[++count] = line
        if (line in found) delete found[line]; else other = 1
      }
      if (last != "end") exit
      for (line in found) other = 1
      print "made\t" (other ? "other" : "same")
      if (other) for (i = 1; i <= count; i++) print "made_" made[i]
    }'
}

# Reads one Mac's whole state and writes nothing. POSIX sh. PREFIX and root, Torchard's own directory, are
# set above this text, and torchard/mac/probe.py puts the other files of this folder there. Answers are
# lines of printable ASCII with tabs between their fields.
# Lines before `begin` are a banner of the Mac's; without `end` the answer was cut short.
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
newline='
'
say() { printf '%s\t%s\n' "$1" "$2"; }
# Sets $coded: printable ASCII follows `=` as it is, anything else becomes hexadecimal bytes. So no name
# can look like another line.
code() {
  case $1 in
    *[![:print:]]*) coded=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n') ;;
    *) coded="=$1" ;;
  esac
}
# Prints a small file as one line: JSON and our own words are ASCII.
print_file() { head -c 65536 "$1" 2>/dev/null | tr -cd ' -~'; }
read_key() { sysctl -n "$1" 2>/dev/null; }

printf '\nbegin\n'
# The list has the tools of every script: a Mac that lacks one is left alone.
for name in $(find_missing_tools arch awk caffeinate chmod cut date df env find grep head id ioreg ls \
  mkdir mount mv od perl ps readlink rm sed shasum sleep sw_vers sysctl tail tar tee tr uname); do
  code "$account_path"
  say missing "$name$tab$coded"
done
kernel=$(uname -sm)
say kernel "${kernel%% *}"
say machine "${kernel##* }"
say arm64 "$(read_key hw.optional.arm64)"
say translated "$(read_key sysctl.proc_translated)"
say virtual "$(read_key kern.hv_vmm_present)"
say macos "$(SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion 2>/dev/null)"
code "$HOME"
say home "$coded"
code "$(id -un)"
say user "$coded"
code "$root"
say root "$coded"
find_directory "${root%/*}"
say free "$(read_free "${place:-/}")"
say clock "$(date +%s)"
hardware=$(read_hardware)
say hardware "$hardware"
boot=$(read_boot)
say boot "$boot"

# The lab may write the home as `~`, which the shell has not expanded.
# shellcheck disable=SC2088
case $PREFIX in
  '~') PREFIX=$HOME ;;
  '~/'*) PREFIX=$HOME/${PREFIX#??} ;;
esac
code "$PREFIX"
say prefix "$coded"
history=$PREFIX/conda-meta/history
# Prints what a folder holds, without the files that macOS itself puts into any folder.
# shellcheck disable=SC2012 # of a name with a line break one half is enough
list_folder() { ls -A "$1" 2>/dev/null | sed -e '/^\._/d' -e '/^\.DS_Store$/d'; }
say_unmounted "$PREFIX"
say_unmounted "$root"
# Half an install is set aside by the next apply. So a directory that does not look like one, or that
# cannot be listed, counts as a person's.
if [ ! -e "$PREFIX" ] && [ ! -L "$PREFIX" ]; then
  state=absent
elif is_whole_prefix "$PREFIX"; then
  state=whole
elif [ -L "$PREFIX" ] || [ ! -d "$PREFIX" ] || [ ! -r "$PREFIX" ] || [ ! -x "$PREFIX" ]; then
  state=foreign
elif is_unfinished "$PREFIX" || [ -f "$PREFIX/.torchard.json" ] || [ -e "$PREFIX/bin/conda" ]; then
  state=half
elif [ ! -s "$history" ] && { [ -e "$PREFIX/_conda" ] || [ -d "$PREFIX/conda-meta" ]; }; then
  state=half
elif [ -z "$(list_folder "$PREFIX")" ]; then
  state=half
else
  state=foreign
fi
say prefix_state "$state"
if [ "$state" = whole ]; then
  for record in "$PREFIX"/conda-meta/python-[0-9]*.json; do
    [ -f "$record" ] &&
      say prefix_subdir "$(sed -n '/^ *"subdir": *"\([a-z0-9-]*\)".*/{s//\1/p;q;}' "$record")"
  done
  for record in "$PREFIX"/conda-meta/conda-[0-9]*.json; do
    version=${record##*/conda-}
    version=${version%%-*}
    case $version in *[!0-9A-Za-z.]*) ;; *) say conda_version "$version" ;; esac
  done
fi
mounts=$(mount 2>/dev/null)
say_volume home "${root%/*}"
say_volume prefix "$PREFIX"
for name in Documents Desktop Downloads 'Library/Mobile Documents' Library/CloudStorage; do
  say_guarded "$HOME/$name"
done
case $PREFIX in
  /Volumes/*/*)
    name=${PREFIX#/Volumes/}
    say_guarded "/Volumes/${name%%/*}"
    ;;
esac
# A prefix that is absent, or will be set aside, is an entry of the directory above it.
case $state in whole) parent=$PREFIX/envs ;; *) parent=${PREFIX%/*} ;; esac
say_unwritable prefix "$parent"
say_unwritable home "$root/generations"
say_world_writable prefix "$PREFIX"
say_world_writable root "$root"
# conda's program begins with the path of its python, or with a line that starts it, so a prefix
# that was moved does not run.
if [ "$state" = whole ]; then
  made_for=$(sed -n -e '1,2s|^[^/]*\(/[^"]*\)/bin/python[0-9.]*\([" ].*\)\{0,1\}$|\1|p' -e 2q \
    "$PREFIX/bin/conda" 2>/dev/null | sed 1q)
  if [ -n "$made_for" ] && ! is_same "$made_for" "$PREFIX"; then
    code "$made_for"
    say prefix_made_for "$coded"
  fi
fi
mark=
case $state in whole | half) mark=$(print_prefix_mark "$PREFIX" "$root") ;; esac
[ -z "$mark" ] || say prefix_mark "$mark"
before=$(print_prefix_before "$PREFIX" "$root")
[ -z "$before" ] || say links_kept 1

say_conda_settings "$PREFIX"

[ "$state" = whole ] && say_environment "$PREFIX" base
for path in "$PREFIX"/envs/* "${before:-/dev/null}"/envs/*; do
  [ -e "$path" ] || [ -L "$path" ] || continue
  case $path in
    "$PREFIX"/envs/*) ;;
    *) [ -L "$path" ] && [ ! -L "$PREFIX/envs/${path##*/}" ] || continue ;;
  esac
  code "${path##*/}"
  name=$coded
  if [ -L "$path" ]; then
    target=$(readlink "$path")
    moved=
    generation=$root/generations/${target##*/}
    case $target in
      "$root/generations/"*) ;;
      */.torchard/generations/*)
        # The home was renamed, or the link names it by another path.
        if is_same "$target" "$generation"; then
          target=$generation
        elif is_former "$target"; then
          moved=${tab}moved
        fi
        ;;
    esac
    code "$target"
    say link "$name$tab$coded$moved"
  else
    say link "$name$tab-"
    [ -d "$path" ] && say_environment "$path"
  fi
done
# One home may serve two prefixes: the other one's links use generations as well.
if read -r other <"$root/prefix" && ! is_same "$other" "$PREFIX"; then
  for path in "$other"/envs/*; do
    [ -L "$path" ] || continue
    case $(readlink "$path") in
      "$root/generations/"*)
        code "$other"
        say other_prefix "$coded"
        break
        ;;
    esac
  done
fi 2>/dev/null
for path in "$root"/generations/*; do
  [ -d "$path" ] && [ ! -L "$path" ] && say_environment "$path"
done
# What a stopped run left: torchard/operations/scripts/recover.sh finishes or removes it.
for path in "$root/installing" "$root/pkgs" "$root"/generations/.building-* \
  "$root"/generations/.leaving-* "$root"/generations/.discarded-* "$root"/kits/installer-* \
  "$root"/kits/*/torchard-depot "$root"/kits/*/wheels; do
  if [ -e "$path" ]; then
    code "${path#"$root/"}"
    say leftover "$coded"
  fi
done
# The order in which they were activated, the last first, by the times of their stamps.
# shellcheck disable=SC2012 # find cannot sort by time; names that are not ours are left out
(cd "$root/generations" && ls -td ./*/.torchard.json) 2>/dev/null |
  while IFS= read -r line; do
    name=${line#./}
    name=${name%/.torchard.json}
    case $line in "./$name/.torchard.json") ;; *) continue ;; esac
    case $name in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) ;; *) say shown "$name" ;; esac
  done
# What this Mac's depot holds: files named by their sha256, with sizes in bytes. A file in incoming/ is
# not verified yet.
if [ -d "$root/depot" ]; then
  (cd "$root/depot" && find . -type f -exec ls -ln {} +) 2>/dev/null |
    awk 'NF == 9 && $9 ~ /^\.\/(incoming\/)?[0-9a-f]+$/ {
      sub(/.*\//, "", $9)
      if (length($9) == 64) print "depot\t" $9 "\t" $5
    }'
fi
# What is in kept/, by the note that is in each of its folders.
if [ -d "$root/kept" ]; then
  say kept "$(cat "$root"/kept/*/about.json 2>/dev/null | head -c 1048576 | awk -v OFS="$tab" '
    function number(key) {
      if (!match($0, "\"" key "\": [0-9]+")) return 0
      return substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4)
    }
    { folders++; files += number("files"); bytes += number("bytes") }
    END { printf "%d%s%d%s%.0f\n", folders, OFS, files, OFS, bytes }')"
fi
if [ -d "$root/lock" ]; then
  busy=
  elsewhere=
  leased=
  owner=$(print_file "$root/lock/owner")
  # The run's process signs the lock, and so does its step's. The step, or what it started in its process
  # group, may outlive the run. A process number means nothing on another Mac with the same home, and
  # nothing after a restart. A run that has left a lease has none of them.
  names="running step"
  [ ! -f "$root/lock/lease" ] || names='' leased=$(read_lease_end "$root" "${owner%% *}")
  for name in $names; do
    line() { sed -n "$1p" "$root/lock/$name" 2>/dev/null; }
    case $(line 4) in
      '' | "$hardware") ;;
      *)
        elsewhere=$(sed -n 6p "$root/lock/running" | tr -cd ' -~')
        elsewhere=${elsewhere:-another Mac}
        continue
        ;;
    esac
    its_boot=$(line 5)
    [ -z "$its_boot" ] || [ -z "$boot" ] || [ "$its_boot" = "$boot" ] || continue
    pid=$(line 1)
    start=$(line 2)
    [ -n "$start" ] || continue
    now=$(read_start "$pid")
    if [ "$now" = "$start" ]; then
      busy=${busy:+$busy }$pid
    elif [ -z "$now" ] && [ "$name" = step ]; then
      for pid in $(list_group "$pid"); do busy=${busy:+$busy }$pid; done
    fi
  done
  say lock "$owner$tab$busy$tab$elsewhere$tab$leased"
fi
say_shell_files
say_kernels
say_sharing
say end ok

# Reads one Mac's whole state and writes nothing. POSIX sh; PREFIX is set above this text, where
# tools.sh, packages.sh and conda_settings.sh stand as well. Answers are lines of printable ASCII with
# tabs between their fields.
# What stands before `begin` is somebody's banner; without `end` the answer was cut short.
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
newline='
'
say() { printf '%s\t%s\n' "$1" "$2"; }
# Sets $coded: printable ASCII stands behind `=` as it is, anything else is hexadecimal bytes, so
# that no name can be mistaken for another line.
code() {
  case $1 in
    *[![:print:]]*) coded=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n') ;;
    *) coded="=$1" ;;
  esac
}
# Prints what a small file says, as one line: JSON and our own words are ASCII.
clean() { head -c 65536 "$1" 2>/dev/null | tr -cd ' -~'; }
key() { sysctl -n "$1" 2>/dev/null; }

printf '\nbegin\n'
# Also those that only what works under the run lock needs: a Mac without them is left alone.
for name in $(missing_tools arch awk caffeinate chmod cut date df env find grep head id ioreg ls \
  mkdir mount mv od ps readlink rm sed shasum sleep sw_vers sysctl tail tar tee tr uname); do
  code "$account_path"
  say missing "$name$tab$coded"
done
say kernel "$(uname -s)"
say machine "$(uname -m)"
say arm64 "$(key hw.optional.arm64)"
say translated "$(key sysctl.proc_translated)"
say virtual "$(key kern.hv_vmm_present)"
say macos "$(SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion 2>/dev/null)"
code "$HOME"
say home "$coded"
code "$(id -un)"
say user "$coded"
# The name of a volume may hold spaces: what is free stands before the first percentage.
say free "$(df -Pk "$HOME" 2>/dev/null | awk '
  NR == 2 { for (i = 5; i <= NF; i++) if ($i ~ /^[0-9]+%$/) { print $(i - 1); exit } }')"
say clock "$(date +%s)"
hardware=$(read_hardware)
say hardware "$hardware"
boot=$(read_boot)
say boot "$boot"

# The lab's own way to write the home, which the shell has not expanded.
# shellcheck disable=SC2088
case $PREFIX in
  '~') PREFIX=$HOME ;;
  '~/'*) PREFIX=$HOME/${PREFIX#??} ;;
esac
code "$PREFIX"
say prefix "$coded"
history=$PREFIX/conda-meta/history
# Prints what a folder holds, but for what macOS puts into any by itself.
# shellcheck disable=SC2012 # of a name with a line break one half is enough
listed() { ls -A "$1" 2>/dev/null | sed -e '/^\._/d' -e '/^\.DS_Store$/d'; }
sign=
for name in .messages.txt install_tmp preconda.tar.bz2 postconda.tar.bz2; do
  [ -e "$PREFIX/$name" ] && sign=$name
done
# Prints the volume that a path needs and that is not mounted: its own, or that of a link on its way.
unmounted() {
  place=$1
  hops=0
  while [ ! -e "$place" ] && [ -n "$place" ]; do
    if [ -L "$place" ] && [ "$hops" -lt 16 ]; then
      target=$(readlink "$place")
      case $target in /*) place=$target ;; *) place=${place%/*}/$target ;; esac
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
unmounted "$PREFIX"
unmounted "$HOME/.torchard"
# Whole and half are told by the installer's own signs, not by the presence of a directory: an
# interrupted one leaves bin/conda and an empty history behind. Half is set aside, so whatever
# else stands there, or cannot be looked into, is not ours to judge.
if [ ! -e "$PREFIX" ] && [ ! -L "$PREFIX" ]; then
  state=absent
elif [ -z "$sign" ] && [ -x "$PREFIX/bin/conda" ] && [ -x "$PREFIX/bin/python" ] &&
  [ -f "$history" ] && grep -q '^# update specs:' "$history" 2>/dev/null; then
  state=whole
elif [ -L "$PREFIX" ] || [ ! -d "$PREFIX" ] || [ ! -r "$PREFIX" ] || [ ! -x "$PREFIX" ]; then
  state=foreign
elif [ -n "$sign" ] || [ -f "$PREFIX/.torchard.json" ] || [ -e "$PREFIX/bin/conda" ]; then
  state=half
elif [ ! -s "$history" ] && { [ -e "$PREFIX/_conda" ] || [ -d "$PREFIX/conda-meta" ]; }; then
  state=half
elif [ -z "$(listed "$PREFIX")" ]; then
  state=half
else
  state=foreign
fi
say prefix_state "$state"
if [ "$state" = whole ]; then
  for record in "$PREFIX"/conda-meta/python-[0-9]*.json; do
    [ -f "$record" ] &&
      say prefix_subdir "$(sed -n 's/^ *"subdir": *"\([a-z0-9-]*\)".*/\1/p' "$record" | sed 1q)"
  done
  for record in "$PREFIX"/conda-meta/conda-[0-9]*.json; do
    version=${record##*/conda-}
    version=${version%%-*}
    case $version in *[!0-9A-Za-z.]*) ;; *) say conda_version "$version" ;; esac
  done
fi
# Told of the nearest part that is there: the account may not make what is to come below it.
writable() {
  place=$2
  while [ ! -e "$place" ] && [ -n "$place" ]; do place=${place%/*}; done
  if [ ! -d "${place:-/}" ] || [ ! -w "${place:-/}" ]; then
    code "${place:-/}"
    say "unwritable_$1" "$coded"
  fi
}
# Says on which volume a path lies or would lie: its kind, whether it lets programs run, its source,
# and the path within it. On a Mac /Users and others are parts of /System/Volumes/Data.
volume() {
  place=$2
  while [ ! -d "$place" ] && [ -n "$place" ]; do place=${place%/*}; done
  real=$(cd "${place:-/}" 2>/dev/null && pwd -P)
  found=$(PLACE=${real%/}${2#"$place"} && export PLACE && mount 2>/dev/null | awk '
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
        runs = (about ", ") ~ /, noexec, / ? "noexec" : "exec"
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
volume home "$HOME"
volume prefix "$PREFIX"
# macOS guards some folders of a home, and other volumes, from programs that nobody has let in (TCC):
# they cannot be listed, whatever their mode says.
guard() {
  case $PREFIX/ in "$1"/*) ;; *) return ;; esac
  case $(ls "$1" 2>&1 >/dev/null) in
    *'Operation not permitted'*) access=denied ;;
    *) access=open ;;
  esac
  code "$1"
  say guarded "$coded$tab$access"
}
for name in Documents Desktop Downloads 'Library/Mobile Documents' Library/CloudStorage; do
  guard "$HOME/$name"
done
case $PREFIX in
  /Volumes/*/*)
    name=${PREFIX#/Volumes/}
    guard "/Volumes/${name%%/*}"
    ;;
esac
# A prefix that is not there, or is set aside, is an entry of the directory above it.
if [ "$state" = whole ]; then writable prefix "$PREFIX/envs"; else writable prefix "${PREFIX%/*}"; fi
writable home "$HOME/.torchard/generations"
# By inode: the same directory may be written in several ways, by a link or in another case.
# shellcheck disable=SC2012 # what ls says of one directory begins with a number
inode() { ls -di "$1/." 2>/dev/null | awk '{ print $1 }'; }
same() { [ "$1" = "$2" ] || [ "$(inode "$1")" = "$(inode "$2")" ]; }
# conda's program begins with the path of its python, or with a line that starts it, so a prefix
# that was moved does not run.
if [ "$state" = whole ]; then
  made_for=$(sed -n -e '1,2s|^[^/]*\(/[^"]*\)/bin/python[0-9.]*\([" ].*\)\{0,1\}$|\1|p' -e 2q \
    "$PREFIX/bin/conda" 2>/dev/null | sed 1q)
  if [ -n "$made_for" ] && ! same "$made_for" "$PREFIX"; then
    code "$made_for"
    say prefix_made_for "$coded"
  fi
fi
if [ -f "$PREFIX/.torchard.json" ]; then
  say prefix_mark "$(clean "$PREFIX/.torchard.json")"
elif [ "$state" = whole ] && [ "$(sed 1q "$HOME/.torchard/installing" 2>/dev/null)" = "$PREFIX" ]; then
  # What a run installed that was stopped before it had marked it.
  say prefix_mark "$(sed -n 2p "$HOME/.torchard/installing" | tr -cd ' -~')"
fi

conda_settings "$PREFIX"

root=$HOME/.torchard
has_records() {
  set -- "$1"/conda-meta/*.json
  [ -f "$1" ]
}
# Tells which files of the generation at $1 a person made, of those that go over to the next one:
# CARRIED has them, and no package owns them. No link is followed.
own_files() {
  owned=none
  count=0
  for part in $CARRIED; do
    for file in "$1/$part" "$1/$part"/*; do
      [ -f "$file" ] && [ ! -L "$file" ] && [ "$count" -lt 100 ] || continue
      [ "$(cd "${file%/*}" && pwd -P)/${file##*/}" = "$(cd "$1" && pwd -P)${file#"$1"}" ] ||
        continue
      # Each package names its files in its record, and each wheel in its RECORD.
      [ "$owned" != none ] || owned=$(
        grep -ho -e '"etc/[^"]*"' -e '"conda-meta/[^"]*"' "$1"/conda-meta/*.json 2>/dev/null
        sed -n 's|^\.\./\.\./\.\./\([^,]*\),.*|"\1"|p' \
          "$1"/lib/python3*/site-packages/*.dist-info/RECORD 2>/dev/null
      )
      case $owned in *"\"${file#"$1"/}\""*) continue ;; esac
      count=$((count + 1))
      code "${file#"$1"/}"
      if [ -r "$file" ] && [ -z "$(find "$file" -prune -size +2048)" ]; then
        say own "$coded"
      else
        say own_large "$coded"
      fi
    done
  done
}
# Tells of the environment at $1; $2 says what it is, where that is no environment of a name.
environment() {
  code "$1"
  say "${2:-environment}" "$coded"
  # What Torchard built has a python and records. A person's may never have had any.
  whole=1
  [ -f "$1/conda-meta/history" ] || { whole= && say lacks history; }
  if [ -f "$1/.torchard.json" ]; then
    [ -x "$1/bin/python" ] || { whole= && say lacks python; }
    has_records "$1" || { whole= && say lacks records; }
    # The same directory may be written in several ways. Only a path that needs no escapes in JSON
    # is compared; any other that is written differently counts as another place.
    built=$(clean "$1/.torchard.json" | sed -n 's/.*"path": "\(\/[^"\\]*\)".*/\1/p')
    [ -n "$built" ] && [ "$built" != "$1" ] && same "$built" "$1" && say same_place 1
    # What a verification found last, if it failed.
    [ -f "$1/.torchard-failed.json" ] && say failed "$(clean "$1/.torchard-failed.json")"
  fi
  case $1 in "$root/generations/"*) own_files "$1" ;; esac
  [ -n "$whole" ] && say whole 1
  [ -f "$1/conda-meta/frozen" ] && say frozen 1
  set -- "$1" "$1"/conda-meta/*.c~
  [ -e "$2" ] && say damaged 1
  [ -f "$1/.torchard.json" ] && say stamp "$(clean "$1/.torchard.json")"
  # Base has settings of its own, which no lock says anything of.
  if [ -f "$1/.condarc" ] && [ "$1" != "$PREFIX" ]; then
    say condarc ''
    lines=0
    while [ "$lines" -lt 100 ] && { IFS= read -r line || [ -n "$line" ]; }; do
      code "$line"
      say condarc "$coded"
      lines=$((lines + 1))
    done <"$1/.condarc"
  fi 2>/dev/null
  packages_and_made "$1"
}
[ "$state" = whole ] && environment "$PREFIX" base
for path in "$PREFIX"/envs/*; do
  [ -e "$path" ] || [ -L "$path" ] || continue
  code "${path##*/}"
  name=$coded
  if [ -L "$path" ]; then
    target=$(readlink "$path")
    moved=
    generation=$root/generations/${target##*/}
    case $target in
      "$root/generations/"*) ;;
      */.torchard/generations/*)
        # The home was renamed, or is written in another way. Another account's may be closed.
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
    [ -d "$path" ] && environment "$path"
  fi
done
# What sweeps the generations of one prefix knows nothing of another's links.
if read -r other <"$root/prefix" && ! same "$other" "$PREFIX"; then
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
  [ -d "$path" ] && [ ! -L "$path" ] && environment "$path"
done
# The order in which they were shown, the last first: it is kept in the times of their stamps.
# shellcheck disable=SC2012 # by time, which find cannot sort; what no name of ours is, is left out
(cd "$root/generations" && ls -td ./*/.torchard.json) 2>/dev/null |
  sed -n "s|^\./\([A-Za-z0-9][A-Za-z0-9._-]*\)/\.torchard\.json\$|shown$tab\1|p"
# What lies in this Mac's depot: files named by their sha256, with sizes in bytes. One that is still
# in incoming/ has not been verified yet.
if [ -d "$root/depot" ]; then
  (cd "$root/depot" && find . -type f -exec ls -ln {} +) 2>/dev/null |
    awk 'NF == 9 && $9 ~ /^\.\/(incoming\/)?[0-9a-f]+$/ {
      sub(/.*\//, "", $9)
      if (length($9) == 64) print "depot\t" $9 "\t" $5
    }'
fi
if [ -d "$root/lock" ]; then
  busy=
  elsewhere=
  # Signed by the run's process, and by that of the step it is at, which may outlive it. A number
  # says nothing on another Mac that has the same home, and nothing after a restart.
  for name in running step; do
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
    [ -n "$start" ] && [ "$(TZ=UTC0 ps -o lstart= -p "$pid" 2>/dev/null)" = "$start" ] &&
      busy=${busy:+$busy }$pid
  done
  say lock "$(clean "$root/lock/owner")$tab$busy$tab$elsewhere"
fi
# Of a shell's file nothing is read but conda's own block: what else a person wrote there may be
# secret. Says where the file really lies, and what would stand in the way of changing it.
begin='# >>> conda initialize >>>'
end='# <<< conda initialize <<<'
home=$(cd "$HOME" 2>/dev/null && pwd -P)
shell_file() {
  real=$HOME/$1
  hops=0
  while [ -L "$real" ] && [ "$hops" -lt 16 ]; do
    target=$(readlink "$real")
    case $target in /*) real=$target ;; *) real=${real%/*}/$target ;; esac
    hops=$((hops + 1))
  done
  folder=$(cd "${real%/*}/" 2>/dev/null && pwd -P)
  real=${folder%/}/${real##*/}
  if [ -z "$folder" ] || { [ -L "$HOME/$1" ] && [ ! -e "$real" ]; }; then
    state=odd
  elif [ -e "$real" ] && [ ! -f "$real" ]; then
    state=odd
  elif [ ! -w "$folder" ] || { [ -f "$real" ] && { [ ! -r "$real" ] || [ ! -w "$real" ]; }; }; then
    state=closed
  else
    state=absent
    [ -f "$real" ] && state='file'
    case $folder/ in "${home:-$HOME}"/*) ;; *) state=outside ;; esac
  fi
  block=
  if [ -f "$real" ] && [ -r "$real" ] && grep -qxF -e "$begin" "$real"; then
    block=$(awk -v begin="$begin" -v end="$end" '
      $0 == begin { begun++; inside = 1 }
      inside { text = text $0 "\n" }
      $0 == end { ended++; inside = 0 }
      END { if (begun == 1 && ended == 1 && !inside && length(text) < 16384) printf "%s", text }
    ' "$real")
    [ -n "$block" ] || state=tangled
  fi
  code "$real"
  path=$coded
  code "$block"
  say shell_file "$1$tab$state$tab$path$tab$coded"
}
shell_file .zshrc
shell_file .bash_profile
# Where there is no .bash_profile, bash reads the first of these.
for name in .bash_login .profile; do
  [ -e "$HOME/$name" ] && say bash_reads "$name" && break
done
say end ok

# While somebody is writing it, its last line is not there yet: a brace of its own.
tries=0
while :; do
  json=
  last=
  while IFS= read -r line || [ -n "$line" ]; do json=$json$line && last=$line; done \
    2>/dev/null <"${0%/*}/@up@/mac.json" || :
  case $last in
    ' '*) ;;
    *'}') break ;;
  esac
  tries=$((tries + 1))
  if [ "$tries" -eq 40 ]; then
    complain 'simlab: mac.json is broken'
    exit 70
  fi
  @host:sleep@ 0.05
done
value() {
  answer=
  case $json in
    *"\"$1\":"*) answer=${json#*"\"$1\":"} ;;
  esac
  answer=${answer# }
  answer=${answer%%[,\}]*}
  answer=${answer#\"}
  answer=${answer%%[\" ]*}
}
# The same for a text that may hold blanks.
# shellcheck disable=SC2329 # not every stand-in asks for one, nor uses all that follows
text() {
  answer=
  case $json in
    *"\"$1\": \""*) answer=${json#*"\"$1\": \""} ;;
  esac
  answer=${answer%%\"*}
}
value name
# shellcheck disable=SC2034
name=$answer
value macos
macos=$answer
major=${macos%%.*}
minor=${macos#*.}
minor=${minor%%.*}
case $major in
  10) darwin=$((minor + 4)) ;;
  1[1-5]) darwin=$((major + 9)) ;;
  *) darwin=$((major - 1)) ;;
esac
release=$darwin.$minor.0
# shellcheck disable=SC2034
[ "$major" -lt 15 ] && [ "$minor" -gt 6 ] && release=$darwin.6.0
# A shell under Rosetta sees an Intel processor; `arch` runs a command as the other one.
value arch
hardware=$answer
# shellcheck disable=SC2034
machine=$answer
if [ "$hardware" = arm64 ]; then
  value rosetta
  [ "$answer" = true ] && machine=x86_64
  # shellcheck disable=SC2034
  case ${SIMLAB_ARCH-} in arm64 | x86_64) machine=$SIMLAB_ARCH ;; esac
fi

# The host's disk, or the free bytes of mac.json, in BSD's columns and blocks of 512 bytes.
# One that others fill meanwhile (disk_full) has 100 GB free until it is full, but for 8 KB.
value fault
[ "$answer" != dead_disk ] || exec @host:sleep@ 86400
unit=512
name=512-blocks
mark=
inodes='0 0 0% '
kilo=
while getopts ':acghHiIklmnPt:T:bY-:' option; do
  case $option in
    k) kilo=yes ;;
    m) unit=1048576 && name=1M-blocks && mark= ;;
    g) unit=1073741824 && name=1G-blocks && mark= ;;
    h) unit=1073741824 && name=Size && mark=Gi ;;
    P) inodes= ;;
    a | i | I | l | n) ;;
    b | c | H | t | T | Y) beyond "df -$option" ;;
    :)
      complain "option requires an argument -- $OPTARG"
      exit @status@
      ;;
    -) illegal - ;;
    *) illegal "$OPTARG" ;;
  esac
done
shift $((OPTIND - 1))
# -k wins over the other units, wherever it is.
[ -z "$kilo" ] || { unit=1024 && name=1024-blocks && mark=; }
[ $# -gt 0 ] || set -- /
value disk_free
given=$answer
value disk_full
filling=$answer
echo "Filesystem $name Used Available Capacity ${inodes:+iused ifree %iused }Mounted on"
text network_home
network=${answer#* }
text home
home=$(cd "${0%/*}/@up@/$answer" && pwd -P)
# Says in `device` and `place` on which volume a path lies.
volume() {
  device=/dev/disk3s5
  place=/System/Volumes/Data
  [ -n "$network" ] || return
  folder=$1
  [ -d "$folder" ] || folder=$(@host:dirname@ -- "$1")
  case $(cd "$folder" && pwd -P)/ in "$home"/*) device=$network && place=$home ;; esac
}
status=0
for path in "$@"; do
  if [ ! -e "$path" ]; then
    complain "$path: No such file or directory"
    status=1
    continue
  fi
  total=494384795648
  free=$given
  case $free in
    '' | *[!0-9]*)
      answer=$(@host@ -Pk "$path" | { read -r _ && read -r _ blocks _ left _ && echo "$blocks $left"; })
      total=${answer% *}
      free=${answer#* }
      kilobytes=1024
      ;;
    *) kilobytes=1 ;;
  esac
  volume "$path"
  # By awk: mksh counts no further than 2 GB.
  @host:awk@ -v total="$total" -v free="$free" -v by="$kilobytes" -v filling="$filling" \
    -v unit="$unit" -v mark="$mark" -v device="$device" -v rest="$inodes$place" 'BEGIN {
      total *= by
      free *= by
      if (by > 1 && filling != "") {
        total = 494384795648
        if (free > 8192) free = 100000000000
      }
      # Upwards, of what is used and what an account can have together.
      share = 100 * (total - free) / total
      # The awk of macOS takes no comparison in what printf prints.
      full = int(share)
      if (full < share) full++
      printf "%s %d%s %d%s %d%s %d%% %s\n", device, int(total / unit), mark, \
        int((total - free) / unit), mark, int(free / unit), mark, full, rest
    }'
done
exit "$status"

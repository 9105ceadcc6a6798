# The host's disk, unless the Mac is told how many bytes are free.
unit=512
posix=
for word in "$@"; do
  case $word in --*) illegal - ;; -*[BxvD]*) illegal "$word" ;; -*g*) beyond "df $word" ;; esac
done
value disk_free
case $answer in '' | *[!0-9]*) exec @host@ "$@" ;; esac
free=$answer
while getopts ':kmPahHiln' option; do
  case $option in
    k | h | H) unit=1024 ;;
    m) unit=1048576 ;;
    P) posix=yes ;;
    \?) illegal "$OPTARG" ;;
  esac
done
shift $((OPTIND - 1))
for path in "$@"; do
  if [ ! -e "$path" ]; then
    complain "$path: No such file or directory"
    exit 1
  fi
done
total=494384795648
blocks=$((total / unit))
left=$((free / unit))
used=$((blocks - left))
capacity=$((100 * used / blocks))%
if [ -n "$posix" ]; then
  echo "Filesystem $unit-blocks Used Available Capacity Mounted on"
  echo "/dev/disk3s5 $blocks $used $left $capacity /System/Volumes/Data"
else
  echo "Filesystem $unit-blocks Used Available Capacity iused ifree %iused Mounted on"
  echo "/dev/disk3s5 $blocks $used $left $capacity 0 0 0% /System/Volumes/Data"
fi

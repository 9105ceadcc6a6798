# One question is answered: how many bytes a volume has for an important use, which counts what
# macOS would purge (NSURLVolumeAvailableCapacityForImportantUsageKey). It is asked as
# osascript -l JavaScript -e SCRIPT PATH
[ "$#" -eq 5 ] && [ "$1 $2 $3" = '-l JavaScript -e' ] || beyond "osascript $*"
case $4 in
  *VolumeAvailableCapacityForImportantUsage*) ;;
  *) beyond 'an osascript that asks for anything else' ;;
esac
if [ ! -e "$5" ]; then
  complain "$5: No such file or directory"
  exit 1
fi
value purgeable
"${0%/*}/df" -Pk "$5" | @host:awk@ -v more="${answer:-0}" 'NR == 2 {
  for (i = 5; i <= NF; i++) if ($i ~ /^[0-9]+%$/) { printf "%.0f\n", $(i - 1) * 1024 + more; exit }
}'

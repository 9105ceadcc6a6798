# What is mounted: the two volumes of every Mac, and a server's where the home lies there. The lines
# are those of mount(8): SOURCE on PLACE (TYPE, and more).
[ $# -eq 0 ] || beyond "mount $*"
text network_home
printf '%s\n' '/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)' \
  'devfs on /dev (devfs, local, nobrowse)' \
  '/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect)' \
  'map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)'
network=$answer
if [ -n "$network" ]; then
  text home
  place=$(cd "${0%/*}/@up@/$answer" && pwd -P)
  printf '%s on %s (%s, nodev, nosuid, mounted by %s)\n' \
    "${network#* }" "$place" "${network%% *}" "$(@host:id@ -un)"
fi

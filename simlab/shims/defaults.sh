# One answer: how many updates macOS has found by itself.
case "$*" in
  'read /Library/Preferences/com.apple.SoftwareUpdate LastUpdatesAvailable')
    value updates
    echo "${answer:-0}"
    ;;
  *) beyond "defaults $*" ;;
esac

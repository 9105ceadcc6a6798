# What `ioreg -rd1 -c IOPlatformExpertDevice` prints of the machine itself, shortened.
case "$*" in
  '-rd1 -c IOPlatformExpertDevice' | '-r -d 1 -c IOPlatformExpertDevice' | \
    '-d2 -c IOPlatformExpertDevice' | '-rd1 -c IOPlatformExpertDevice -w0') ;;
  *) beyond "ioreg $*" ;;
esac
value uuid
uuid=$answer
board=J473AP
[ "$hardware" = arm64 ] || board=iMac18,1
printf '%s\n' \
  "+-o $board  <class IOPlatformExpertDevice, id 0x100000227, registered, matched, active>" \
  '    {' \
  '      "manufacturer" = <"Apple Inc.">' \
  '      "IOPlatformSerialNumber" = "SIMULATED0"' \
  "      \"IOPlatformUUID\" = \"$uuid\"" \
  '      "IOBusyInterest" = "IOCommand is not serializable"' \
  '    }' ''

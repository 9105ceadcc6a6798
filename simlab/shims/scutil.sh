case "$*" in
  '--get ComputerName' | '--get LocalHostName') echo "$name" ;;
  '--get HostName')
    echo 'HostName: not set'
    exit 1
    ;;
  # As a Mac without any proxy.
  --proxy) printf '%s\n' '<dictionary> {' '  HTTPEnable : 0' '  HTTPSEnable : 0' '}' ;;
  *) beyond "scutil $*" ;;
esac

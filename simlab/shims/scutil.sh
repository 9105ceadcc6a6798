case "$*" in
  '--get ComputerName' | '--get LocalHostName') echo "$name" ;;
  '--get HostName')
    echo 'HostName: not set'
    exit 1
    ;;
  *) beyond "scutil $*" ;;
esac

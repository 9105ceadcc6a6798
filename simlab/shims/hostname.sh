case ${1-} in
  -s) echo "$name" ;;
  '' | -f) echo "$name.local" ;;
  *)
    complain 'sethostname: Operation not permitted'
    exit 1
    ;;
esac

# sudo for an account that needs no password, where mac.json says so. What root owns is here a folder that
# the account may not write to: it may for as long as the command runs.
list=
while getopts ':nl' option; do
  case $option in
    n) ;;
    l) list=yes ;;
    *) beyond "sudo -$OPTARG" ;;
  esac
done
shift $((OPTIND - 1))
value sudo
if [ "$answer" != true ]; then
  complain 'a password is required'
  exit 1
fi
case $1 in /usr/bin/install | /usr/bin/tee) ;; *) beyond "sudo $*" ;; esac
if [ -n "$list" ]; then
  printf '%s\n' "$*"
  exit
fi
for last do :; done
folder=${last%/*}
while [ ! -d "$folder" ]; do folder=${folder%/*}; done
@host:chmod@ u+w "$folder"
"$@"
status=$?
@host:chmod@ u-w "$folder"
exit "$status"

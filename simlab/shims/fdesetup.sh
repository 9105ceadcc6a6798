# What `fdesetup status` prints (fdesetup(8)); everything else it does needs root.
[ "$*" = status ] || beyond "fdesetup $*"
value filevault
case $answer in true) echo 'FileVault is On.' ;; *) echo 'FileVault is Off.' ;; esac

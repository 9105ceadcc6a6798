# SYSTEM_VERSION_COMPAT=1 makes macOS 11 and later call themselves 10.16.
[ "${SYSTEM_VERSION_COMPAT-0}" = 1 ] && [ "$major" -ge 11 ] && macos=10.16
case $minor in
  0) letter=A ;; 1) letter=B ;; 2) letter=C ;; 3) letter=D ;;
  4) letter=E ;; 5) letter=F ;; 6) letter=G ;; *) letter=H ;;
esac
case ${1-} in
  -productName | --productName) echo macOS ;;
  -productVersion | --productVersion) echo "$macos" ;;
  -buildVersion | --buildVersion) echo "$darwin${letter}1" ;;
  '')
    printf 'ProductName:\t\tmacOS\nProductVersion:\t\t%s\nBuildVersion:\t\t%s\n' \
      "$macos" "$darwin${letter}1"
    ;;
  *)
    echo "Usage: sw_vers [--help|--productName|--productVersion|--buildVersion]" >&2
    exit 1
    ;;
esac

# -I, which asks once, came with macOS 12.
while getopts ':dfIiRrvPWx-:' option; do
  case $option in
    I) [ "$major" -ge 12 ] || illegal I ;;
    [PWx]) beyond "rm -$option" ;;
    -) illegal - ;;
    \?) illegal "$OPTARG" ;;
  esac
done

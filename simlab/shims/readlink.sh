# -f came with macOS 12.3; -m and -e are GNU's.
while getopts ':fn-:' option; do
  case $option in
    f)
      if [ "$major" -lt 12 ] || { [ "$major" -eq 12 ] && [ "$minor" -lt 3 ]; }; then
        illegal f
      fi
      ;;
    -) illegal - ;;
    \?) illegal "$OPTARG" ;;
    *) ;;
  esac
done

while getopts ':n:c:0123456789-:' option; do
  case $option in
    n | c)
      case $OPTARG in
        '' | *[!0-9]*)
          complain "illegal line count -- $OPTARG"
          exit 1
          ;;
      esac
      ;;
    - ) illegal - ;;
    :)
      complain "option requires an argument -- $OPTARG"
      exit 1
      ;;
    \?) illegal "$OPTARG" ;;
    *) ;;
  esac
done

# BSD sed: -i takes its suffix from the next word, and options end at the script.
total=$#
while [ "$total" -gt 0 ]; do
  case $1 in
    --)
      shift
      total=$((total - 1))
      break
      ;;
    --*) illegal - ;;
    -?*) ;;
    *) break ;;
  esac
  letters=${1#-}
  shift
  total=$((total - 1))
  while [ -n "$letters" ]; do
    letter=${letters%"${letters#?}"}
    letters=${letters#?}
    case $letter in
      r) set -- "$@" -E ;;
      E | n) set -- "$@" "-$letter" ;;
      a) ;;
      l | u)
        [ -z "$gnu" ] || letter=u
        set -- "$@" "-$letter"
        ;;
      e | f | i)
        if [ -z "$letters" ]; then
          if [ "$total" -eq 0 ]; then
            complain "option requires an argument -- $letter"
            exit 1
          fi
          letters=$1
          shift
          total=$((total - 1))
          if [ "$letter" = i ]; then
            case $letters in
              -* | */* | *' '* | *\;* | ?????????????????????*)
                complain "-i took '$letters' for its suffix; write -i '' or -i.bak before the script"
                exit 1
                ;;
            esac
          fi
        fi
        if [ "$letter" = i ] && [ -n "$gnu" ]; then
          set -- "$@" "-i$letters"
        else
          set -- "$@" "-$letter" "$letters"
        fi
        letters=
        ;;
      *) illegal "$letter" ;;
    esac
  done
done
# What is left of the words are operands; they come first, the options we kept stand behind.
set -- "$@" --
while [ "$total" -gt 0 ]; do
  set -- "$@" "$1"
  shift
  total=$((total - 1))
done
exec @host@ "$@"

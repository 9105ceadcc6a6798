# BSD's formats, translated to GNU's on a host that has those.
format=
newline='\n'
follow=
while getopts ':f:nLFlqrst:x-:' option; do
  case $option in
    f) format=$OPTARG ;;
    n) newline= ;;
    L) follow=-L ;;
    q) ;;
    -) illegal - ;;
    \?) illegal "$OPTARG" ;;
    :)
      complain "option requires an argument -- $OPTARG"
      exit 1
      ;;
    *) beyond "stat -$option" ;;
  esac
done
[ -n "$gnu" ] || exec @host@ "$@"
[ -n "$format" ] || beyond 'stat without -f'
shift $((OPTIND - 1))
rest=$format
out=
arrow=
while [ -n "$rest" ]; do
  found=
  for pair in Su=U Sg=G Sp=A OLp=a Lp=a u=u g=g a=X m=Y c=Z B=W z=s N=n i=i d=d l=h b=b k=o; do
    case $rest in
      "%${pair%=*}"*)
        out=$out%${pair#*=}
        rest=${rest#"%${pair%=*}"}
        found=yes
        break
        ;;
    esac
  done
  [ -n "$found" ] && continue
  case $rest in
    %SY* | %Y*)
      out=$out@target@
      case $rest in %SY*) arrow=' -> ' && rest=${rest#%SY} ;; *) arrow= && rest=${rest#%Y} ;; esac
      ;;
    %n*) out=$out'\n' && rest=${rest#%n} ;;
    %t*) out=$out'\t' && rest=${rest#%t} ;;
    %%*) out=$out%% && rest=${rest#%%} ;;
    %*) beyond "stat -f '$format'" ;;
    "\\"*) out="$out\\\\" && rest=${rest#?} ;;
    *)
      out=$out${rest%"${rest#?}"}
      rest=${rest#?}
      ;;
  esac
done
status=0
for path in "$@"; do
  if [ ! -e "$path" ] && [ ! -L "$path" ]; then
    complain "$path: stat: No such file or directory"
    status=1
    continue
  fi
  @host@ $follow --printf "${out%%@target@*}" -- "$path" || status=1
  case $out in
    *@target@*)
      [ -L "$path" ] && printf '%s%s' "$arrow" "$(@host:readlink@ "$path")"
      @host@ $follow --printf "${out#*@target@}" -- "$path" || status=1
      ;;
  esac
  printf '%b' "$newline"
done
exit "$status"

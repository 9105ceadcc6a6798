if [ $# -eq 0 ]; then
  [ "$machine" = arm64 ] && echo arm64 || echo i386
  exit 0
fi
wanted=
while [ $# -gt 0 ]; do
  case $1 in
    -arm64 | -arm64e) [ -n "$wanted" ] || wanted=arm64 ;;
    -x86_64 | -i386) [ -n "$wanted" ] || wanted=x86_64 ;;
    -arch)
      shift
      [ -n "$wanted" ] || wanted=${1-}
      ;;
    -*)
      complain "Unknown architecture: ${1#-}"
      exit 1
      ;;
    *) break ;;
  esac
  shift
done
if [ "$hardware" != arm64 ] && [ "$wanted" = arm64 ]; then
  complain "posix_spawnp: ${1-}: Bad CPU type in executable"
  exit 1
fi
SIMLAB_ARCH=$wanted
export SIMLAB_ARCH
exec "$@"

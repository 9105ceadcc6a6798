arch=ARM64
[ "$machine" = arm64 ] || arch=X86_64
processor=arm
[ "$machine" = arm64 ] || processor=i386
version="Darwin Kernel Version $release: simulated by simlab; RELEASE_$arch"
[ $# -gt 0 ] || set -- -s
show=
while getopts ':amnoprsv' option; do
  case $option in
    a) show=${show}snrvm ;;
    \?) illegal "$OPTARG" ;;
    o) show=${show}s ;;
    *) show=$show$option ;;
  esac
done
text=
for part in s n r v m p; do
  case $show in *"$part"*) ;; *) continue ;; esac
  case $part in
    s) word=Darwin ;;
    n) word=$name ;;
    r) word=$release ;;
    v) word=$version ;;
    m) word=$machine ;;
    p) word=$processor ;;
  esac
  text="$text${text:+ }$word"
done
printf '%s\n' "$text"

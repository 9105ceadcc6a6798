bare=
ignore=
while getopts ':nieq' option; do
  case $option in
    n) bare=yes ;;
    i | q) ignore=yes ;;
    e) ;;
    \?) illegal "$OPTARG" ;;
  esac
done
shift $((OPTIND - 1))
status=0
for oid in "$@"; do
  known=yes
  case $oid in
    hw.optional.arm64) answer=1 && [ "$hardware" = arm64 ] || known= ;;
    sysctl.proc_translated)
      [ "$hardware" = arm64 ] || known=
      answer=0
      [ "$machine" = arm64 ] || answer=1
      ;;
    kern.hv_vmm_present)
      # macOS 11 and newer say whether they run in a virtual machine.
      [ "$major" -ge 11 ] || known=
      value virtual
      [ "$answer" = true ] && answer=1 || answer=0
      ;;
    hw.memsize) answer=17179869184 ;;
    hw.ncpu | hw.physicalcpu | hw.logicalcpu | hw.activecpu) answer=8 ;;
    hw.pagesize)
      answer=16384
      [ "$machine" = arm64 ] || answer=4096
      ;;
    hw.machine) answer=$machine ;;
    hw.model)
      answer=Mac14,3
      [ "$hardware" = arm64 ] || answer=iMac18,1
      ;;
    machdep.cpu.brand_string)
      answer='Apple M2'
      [ "$machine" = arm64 ] || answer='VirtualApple @ 2.50GHz'
      [ "$hardware" = arm64 ] || answer='Intel(R) Core(TM) i5-7500 CPU @ 3.40GHz'
      ;;
    kern.ostype) answer=Darwin ;;
    kern.osrelease) answer=$release ;;
    kern.osproductversion) answer=$macos ;;
    kern.bootsessionuuid)
      value boot
      ;;
    kern.hostname) answer=$name.local ;;
    *) known= ;;
  esac
  if [ -z "$known" ]; then
    [ -n "$ignore" ] && continue
    complain "unknown oid '$oid'"
    status=1
  elif [ -n "$bare" ]; then
    printf '%s\n' "$answer"
  else
    printf '%s: %s\n' "$oid" "$answer"
  fi
done
exit "$status"

# Fetches what this Mac lacks from web servers, and verifies each file. POSIX sh. LIST is the sha256 of an
# uploaded list: of each file its sha256, its size in bytes (0 if it is not known), its longest time in
# seconds, its name and its URL. MOST is the size of the largest in units of 512 bytes. REMEDY says what
# to do if a server does not have the right files.
# Every option is known to the curl of macOS 10.13 (7.54), whose --max-filesize needs a server that says
# the length. So a limit of the file size holds as well: 512 bytes a unit in POSIX, 1,024 in bash 3.2.
take_lock
open_log fetch
incoming=$root/depot/incoming
work=$root/kits/fetch-$$
list=$root/depot/$LIST
verify_upload "$LIST" "the list of files" || die "Nothing was fetched; run it again, and it is sent again."
# Only the holder of the run lock fetches, so what is there was left by a run that was stopped. A proxy
# may have a password.
rm -rf "$root"/kits/fetch-*
{ attempt mkdir -p "$work" && chmod 700 "$work"; } || die "$work cannot be written"
finish() { rm -rf "$work" "$list"; }
give_up() {
  # Those after the one that failed may be whole.
  while read -r sha256 size _; do
    [ -f "$root/depot/$sha256" ] || accept_part "$sha256" "$size" || :
  done <"$list"
  finish
  printf '%s\n' "$name could not be fetched from $host: $1" >&2
  die "Nothing was installed. The next run continues with what has arrived."
}
# Moves a whole file to the depot. Otherwise `found` is its sha256, or empty while it is too short.
accept_part() {
  show_life
  found=
  part=$incoming/$1.part
  [ -f "$part" ] || return 1
  [ "$2" = 0 ] || [ "$(wc -c <"$part" | tr -d ' ')" = "$2" ] || return 1
  chmod 644 "$part"  # with the account's umask, its group may be able to write it
  found=$(print_sha256 "$part")
  [ "$found" = "$1" ] && mv -f "$part" "$root/depot/$1"
}
# Writes a value as curl's configuration file wants it.
quote_value() { printf '%s' "$1" | tr -d '\r\n' | sed -e 's/[\\"]/\\&/g'; }
# Prints the proxy of macOS's own settings; curl itself does not read them.
read_system_proxy() {
  scutil --proxy 2>/dev/null | awk '
    $1 == "HTTPSEnable" { on = $3 }
    $1 == "HTTPSProxy" { host = $3 }
    $1 == "HTTPSPort" { port = $3 }
    END { if (on == 1 && host ~ /^[A-Za-z0-9.-]+$/) print "http://" host ":" (port ? port : 80) }'
}
# The account's variables count first, as they do for curl. A step has none of them, so they are options.
proxy=${https_proxy:-${HTTPS_PROXY:-${all_proxy:-${ALL_PROXY:-}}}}
[ -n "$proxy" ] || proxy=$(read_system_proxy)
direct=${no_proxy:-${NO_PROXY:-}}
authority=${CURL_CA_BUNDLE:-${SSL_CERT_FILE:-}}
# Writes what curl is to do for the files that are still missing. Sets `left` to their number, `first` to
# the size of the first one's part, and `resumed` to those of which there is a part.
write_requests() {
  left=0
  resumed=
  first=0
  while read -r sha256 size seconds name url; do
    { [ ! -f "$root/depot/$sha256" ] && ! accept_part "$sha256" "$size"; } || continue
    part=$incoming/$sha256.part
    # A whole file with the wrong bytes cannot be continued.
    [ -z "$found" ] || [ "$size" = 0 ] || rm -f "$part"
    if [ -s "$part" ]; then
      resumed="$resumed $sha256 "
      [ "$left" != 0 ] || first=$(wc -c <"$part" | tr -d ' ')
    fi
    [ "$left" = 0 ] || echo next
    left=$((left + 1))
    printf '%s\n' "url = \"$url\"" "output = \"$sha256.part\"" 'continue-at = "-"' fail location \
      'max-redirs = 10' globoff silent show-error 'connect-timeout = 30' 'speed-limit = 1000' \
      'speed-time = 60' "max-time = $seconds" 'user-agent = "torchard"'
    [ "$size" = 0 ] || echo "max-filesize = $size"
    case $url in
      http:*) printf '%s\n' 'proto = "=http"' 'proto-redir = "=https"' 'noproxy = "*"' ;;
      *)
        printf '%s\n' 'proto = "=https"' 'proto-redir = "=https"'
        [ -z "$proxy" ] || printf '%s\n' "proxy = \"$(quote_value "$proxy")\""
        [ -z "$direct" ] || printf '%s\n' "noproxy = \"$(quote_value "$direct")\""
        [ -z "$authority" ] || printf '%s\n' "cacert = \"$(quote_value "$authority")\""
        ;;
    esac
  done <"$list" >"$work/requests"
}
# Runs curl until it has all files, or one fails. It stops at the first that fails, so that one is the
# first that is missing afterwards.
run_curl() {
  : >"$work/errors"
  # shellcheck disable=SC2016 # the inner shell expands them
  run_logged sh -c 'cd "$1" && { ulimit -f "$2" || :; } && exec curl -q --fail-early -K "$3" 2>"$4"' \
    sh "$incoming" "$MOST" "$work/requests" "$work/errors"
  status=$?
  cat "$work/errors" >>"$log"
}
# Sets `name`, `host`, `size` and `found` to those of the first file that is missing; fails if none is.
find_missing() {
  while read -r sha256 size _ name url; do
    host=${url#*://}
    host=${host%%/*}
    [ -f "$root/depot/$sha256" ] || accept_part "$sha256" "$size" || return 0
  done <"$list"
  return 1
}
# Sets `why` to why curl failed, and `lasting` if another attempt cannot help. The numbers are those of
# curl's manual page.
explain_curl() {
  lasting=
  said=$(tail -n 1 "$work/errors" | tr -cd ' -~' | sed -e 's/^curl: ([0-9]*) //' | cut -c 1-300)
  code=$(printf '%s' "$said" | sed -n 's/.*returned error: \([0-9][0-9]*\).*/\1/p')
  case $1 in
    5) why="this Mac cannot find its proxy; check https_proxy, or the proxy in System Settings" ;;
    6) why="this Mac cannot find that name; check its DNS with \`host ${host%:*}\`" ;;
    7) why="this Mac cannot connect ($said); check the server, and the firewall between them" ;;
    22)
      why="the server answered ${code:-with an error}; $REMEDY"
      case $code in 408 | 425 | 429 | 5??) ;; *) lasting=yes ;; esac
      ;;
    23) why="it could not be written on this Mac, or the server sends more than the lock says" lasting=yes ;;
    28) why="the server is too slow, or stopped sending ($said); try it with \`curl -O\` on this Mac" ;;
    35 | 51 | 53 | 54 | 58 | 59 | 60 | 64 | 66 | 77 | 80 | 82 | 83 | 90 | 91)
      why="its certificate was not accepted ($said); this Mac's keychain must trust it, or its account\
 must name a file of authorities in CURL_CA_BUNDLE"
      lasting=yes
      ;;
    1 | 3) why="it redirects to an address that is not https ($said); $REMEDY" lasting=yes ;;
    47) why="it redirects without an end; $REMEDY" lasting=yes ;;
    63 | 153) why="the server sends more bytes than the lock says; $REMEDY" lasting=yes ;;
    127) why="this Mac has no curl" lasting=yes ;;
    *) why="curl ended with $1 (${said:-no message})" ;;
  esac
}
has_part() { case $resumed in *" $sha256 "*) true ;; *) false ;; esac; }
tries=0
rounds=0
before=
while write_requests && [ "$left" != 0 ]; do
  run_curl
  limit=  # of a file that is too large, `run_logged` says what only a person's limit means
  find_missing || break
  explain_curl "$status"
  if [ "$status" = 0 ] || { [ -n "$found" ] && [ "$size" != 0 ]; }; then
    why="it has the wrong sha256: wanted $sha256, found ${found:-another length}; it was removed. $REMEDY"
    # What an earlier run, or another server, had sent of it may be the cause.
    if has_part; then lasting=; else lasting=yes; fi
    rm -f "$incoming/$sha256.part"
  elif has_part && case $status:$code in 33: | 36: | 22:416) true ;; *) false ;; esac; then
    rm -f "$incoming/$sha256.part"  # the server does not continue it
    lasting=
  elif [ "$status" = 23 ]; then
    find_limit
    rm -f "$incoming/$sha256.part"  # the next attempt needs the room
  fi
  [ -z "$lasting" ] && [ -z "$silent" ] || give_up "${silent:-$why}"
  # An attempt that brought something does not count.
  [ "$left $first" != "$before" ] || tries=$((tries + 1))
  before="$left $first"
  rounds=$((rounds + 1))
  { [ "$tries" -lt 5 ] && [ "$rounds" -lt 20 ]; } || give_up "$why"
  sleep "$((tries + 1))"
done
finish

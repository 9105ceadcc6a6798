# What one environment is: whole, its stamp, its settings, its packages. POSIX sh, part of the probe,
# whose `say` and `code` it uses.

has_records() {
  set -- "$1"/conda-meta/*.json
  [ -f "$1" ]
}
# Says which variables conda sets in the generation at $1, and whether Torchard, whose $stamp has its
# own, or a person set them. A person's value may be secret: only names are printed.
# In JSON, a quote inside a text has a backslash before it, so a text ends at the first other quote.
# conda's own writing and Torchard's have the same texts for the values that a lab may have.
say_variables() {
  [ -f "$1/conda-meta/state" ] && [ -r "$1/conda-meta/state" ] || return 0
  head -c 65536 "$1/conda-meta/state" | STAMP=$stamp awk '
    # Cuts the next text from rest, without its quotes, into text.
    function cut() {
      if (!match(rest, /"([^"\\]|\\.)*"/)) return 0
      before = substr(rest, 1, RSTART - 1)
      text = substr(rest, RSTART + 1, RLENGTH - 2)
      rest = substr(rest, RSTART + RLENGTH)
      return 1
    }
    BEGIN {
      rest = ENVIRON["STAMP"]
      if (sub(/^.*"variables": [{]/, "", rest))
        while (cut() && before !~ /[}]/) {
          name = text
          if (cut()) ours[name] = text
        }
    }
    { state = state $0 " " }
    END {
      rest = state
      while (printed < 200 && cut()) {
        if (rest !~ /^[ \t]*:[ \t]*"/ || text !~ /^[A-Za-z_][A-Za-z0-9_]*$/ || length(text) > 100) continue
        name = text
        cut()
        owner = "own"
        if (name in ours) owner = text == ours[name] ? "same" : "other"
        print "variable\t" name "\t" owner
        printed++
      }
    }'
}
# Says all of the environment at $1; $2 says what it is, if it is not a named environment.
say_environment() {
  code "$1"
  say "${2:-environment}" "$coded"
  # What Torchard built has a python and records; a person's environment may never have had any.
  whole=1
  stamp=
  [ -f "$1/conda-meta/history" ] || { whole= && say lacks history; }
  if [ -f "$1/.torchard.json" ]; then
    [ -x "$1/bin/python" ] || { whole= && say lacks python; }
    has_records "$1" || { whole= && say lacks records; }
    # Only a path that needs no escapes in JSON is compared; any other counts as another place.
    stamp=$(print_file "$1/.torchard.json")
    built=$(printf '%s\n' "$stamp" | sed -n 's/.*"path": "\(\/[^"\\]*\)".*/\1/p')
    [ -n "$built" ] && [ "$built" != "$1" ] && is_same "$built" "$1" && say same_place 1
    # What a verification found last, if it failed.
    [ -f "$1/.torchard-failed.json" ] && say failed "$(print_file "$1/.torchard-failed.json")"
  fi
  [ -n "$whole" ] && say whole 1
  [ -f "$1/conda-meta/frozen" ] && say frozen 1
  set -- "$1" "$1"/conda-meta/*.c~
  [ -e "$2" ] && say damaged 1
  [ -f "$1/.torchard.json" ] && say stamp "$stamp"
  [ -n "$stamp" ] && say_variables "$1"
  # Base has settings of its own, which are not part of any lock.
  if [ -f "$1/.condarc" ] && [ "$1" != "$PREFIX" ]; then
    say condarc ''
    lines=0
    while [ "$lines" -lt 100 ] && { IFS= read -r line || [ -n "$line" ]; }; do
      code "$line"
      say condarc "$coded"
      lines=$((lines + 1))
    done <"$1/.condarc"
  fi 2>/dev/null
  print_packages_and_kept "$1"
}

# conda's settings that a build or a later `conda install` depends on. POSIX sh, part of the probe. A
# .condarc may hold passwords in addresses and proxies: only the keys named here are read, and a value
# that could hold one is sent as a question mark.
# The files are those of conda's SEARCH_PATH (conda/base/constants.py).
say_conda_settings() {
  for folder in "${TORCHARD_ROOT-}/etc/conda" "${TORCHARD_ROOT-}/var/lib/conda" "$1" \
    "${XDG_CONFIG_HOME:-$HOME/.config}/conda" "$HOME/.conda"; do
    files=0
    for file in "$folder/.condarc" "$folder/condarc" "$folder"/condarc.d/*.yml \
      "$folder"/condarc.d/*.yaml; do
      [ "$files" -lt 20 ] && say_settings_of "$file" && files=$((files + 1))
    done
  done
  say_settings_of "$HOME/.condarc"
}
# Reads one file: keys at the beginning of a line, with a value, a list in brackets, or a list below.
say_settings_of() {
  [ -f "$1" ] && [ -r "$1" ] || return 1
  code "${1#"${TORCHARD_ROOT-}"}"
  head -c 65536 "$1" | awk -v file="$coded" -v quote="'" '
    BEGIN {
      OFS = "\t"
      rule["override_channels_enabled"] = rule["allowlist_channels"] = 1
      rule["whitelist_channels"] = rule["denylist_channels"] = 1
      rule["disallowed_packages"] = rule["disallow"] = 1
      named["channels"] = named["channel"] = 1
    }
    function is_quote(sign) { return sign == "\"" || sign == quote }
    function plain(text, first) {
      sub(/^[ \t]+/, "", text)
      sub(/[ \t]+$/, "", text)
      first = substr(text, 1, 1)
      if (length(text) > 1 && is_quote(first) && substr(text, length(text)) == first)
        return substr(text, 2, length(text) - 2)
      return text
    }
    function tell(text) {
      text = plain(text)
      if (text == "" || printed >= 100) return
      if (key in named) {
        if (text !~ /repo\.anaconda\.com|repo\.continuum\.io|conda\.anaconda\.org\/anaconda/) return
        text = "anaconda"
      } else if (length(text) > 200 || text !~ /^[A-Za-z0-9_.:\/*=<>!,|~ +-]+$/ || text ~ /\/t\//) {
        text = "?"
      }
      printed++
      print "conda_setting", file, key, text
    }
    # A comma between quotes does not separate: "openssl >=1,<2".
    function tell_each(text, i, sign, open, one) {
      for (i = 1; i <= length(text); i++) {
        sign = substr(text, i, 1)
        if (open == "" && sign == "]") break
        if (open == "" && sign == ",") {
          tell(one)
          one = ""
          continue
        }
        if (open == "" && is_quote(sign)) open = sign
        else if (open == sign) open = ""
        one = one sign
      }
      tell(one)
      return i <= length(text)
    }
    NR > 2000 { exit }
    { sub(/\r$/, "") }
    /^[^ \t#:-][^:]*:/ {
      key = plain(substr($0, 1, index($0, ":") - 1))
      if (key !~ /^[A-Za-z_]+$/) key = ""
      rest = substr($0, index($0, ":") + 1)
      inside = 0
    }
    # ruamel.yaml keeps both signs and conda strips them, so `#final` counts as well
    # (conda/common/configuration.py, ParameterFlag).
    /(^|[ \t])#[!#]*final[!#]*[ \t]*$/ && key != "" { print "conda_final", file, key }
    !(key in rule) && !(key in named) { rest = ""; next }
    {
      value = rest != "" ? rest : $0
      sub(/(^|[ \t])#.*$/, "", value)
    }
    rest != "" {
      rest = ""
      value = plain(value)
      if (value ~ /^\[/) inside = !tell_each(substr(value, 2))
      else if (value !~ /^[>|&*{]/) tell(value)
      next
    }
    inside { inside = !tell_each(value); next }
    value ~ /^[ \t]*-[ \t]/ {
      sub(/^[ \t]*-/, "", value)
      tell(value)
    }'
}

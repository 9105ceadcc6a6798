#!/bin/sh
# A program of a simulated Mac runs on the host's python: the one that mac.json names, or the one
# that built the depot. Nothing is started to find it, as each start of it is timed by somebody.
host=@host@
if [ -f "${HOME-}/../mac.json" ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      *'"host_python": "'*)
        line=${line#*'"host_python": "'}
        host=${line%%\"*}
        ;;
    esac
  done <"$HOME/../mac.json"
fi
# shellcheck disable=SC2034 # the installer goes by a name of its own
me=$0

#!/bin/sh
# A shim of a simulated Mac. It finds its Mac by its own folder, as it may run with no
# environment at all, and reads mac.json at each call, so that a test can change the Mac.
me=${0##*/}
# shellcheck disable=SC2034 # not every stand-in asks what this machine has
gnu=@gnu@
# shellcheck disable=SC2329 # nor complains of everything
complain() { printf '%s: %s\n' "$me" "$1" >&2; }
# shellcheck disable=SC2329
illegal() { complain "illegal option -- $1"; exit @status@; }
# shellcheck disable=SC2329
beyond() { complain "simlab does not simulate $1"; exit 70; }

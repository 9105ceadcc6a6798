#!/bin/sh
# A shim of a simulated Mac. It finds its Mac by its own folder, as it may run with no
# environment at all, and reads mac.json at each call, so that a test can change the Mac.
me=${0##*/}
gnu=@gnu@
complain() { printf '%s: %s\n' "$me" "$1" >&2; }
illegal() { complain "illegal option -- $1"; exit @status@; }
beyond() { complain "simlab does not simulate $1"; exit 70; }

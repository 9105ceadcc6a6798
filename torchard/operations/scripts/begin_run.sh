# Takes the run lock for a run, or renews it. POSIX sh. The directories that files are uploaded to exist
# then.
take_lock
# What earlier runs have sent of large files. This one sends the rest.
(cd "$root/depot/incoming" && find . -type f -name '*.*' -size +2047 -exec ls -ln {} +) 2>/dev/null |
  awk 'NF == 9 { sub(/^\.\//, "", $9); print "part\t" $9 "\t" $5 }'

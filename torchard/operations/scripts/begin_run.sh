# Takes the run lock for a run, or renews it. POSIX sh. The directories that files are uploaded to exist
# then.
take_lock

# The host's would find, and pkill would end, what is not this Mac's.
beyond "$me"

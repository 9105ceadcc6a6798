complain 'a password is required'
exit 1

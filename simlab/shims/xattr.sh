# No file here carries an extended attribute.
case ${1-} in
  -*r*d* | -*d*r* | -c* | -rc) exit 0 ;;
  -d | -p)
    complain "${3-}: No such xattr: ${2-}"
    exit 1
    ;;
  *) exit 0 ;;
esac

# The host's tool, behind the options that macOS knows.
while getopts ':@short@-:' option; do
  case $option in
    -) case ${OPTARG%%=*} in @long@) ;; *) illegal - ;; esac ;;
    :) complain "option requires an argument -- $OPTARG"; exit @status@ ;;
    \?) case $OPTARG in @beyond@) beyond "$me -$OPTARG" ;; *) illegal "$OPTARG" ;; esac ;;
    *) ;;
  esac
done

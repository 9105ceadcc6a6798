for word in "$@"; do
  case $word in
    --transform* | --xform* | --wildcards* | --overwrite* | --warning* | --owner* | --group* | \
      --checkpoint* | --absolute-names | --no-overwrite-dir | --sort* | --mtime*)
      complain "Option ${word%%=*} is not supported"
      exit 1
      ;;
  esac
done

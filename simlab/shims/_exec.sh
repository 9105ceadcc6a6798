exec @host@ "$@"

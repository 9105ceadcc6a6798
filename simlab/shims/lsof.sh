exec @python@ @source:lsof@ "${0%/@folder@/*}" "$@"

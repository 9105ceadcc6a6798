"""`python -m torchard` is the `torchard` command."""

from torchard.cli.main import main

main()

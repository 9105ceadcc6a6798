"""`python -m torchard` is the `torchard` command."""

from torchard.cli import main

main()

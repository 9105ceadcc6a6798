"""How a Mac is reached over SSH: what `ssh` would do, and why it did not work."""

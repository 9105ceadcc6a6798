"""What does a new lab folder have? The files that `torchard init` writes."""

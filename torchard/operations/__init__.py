"""What is done on a Mac: pyinfra operations that yield nothing if nothing has to change."""

"""What is done to a Mac: pyinfra operations that yield nothing where nothing is to do."""

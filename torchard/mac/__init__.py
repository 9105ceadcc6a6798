"""What a Mac has: the probe, and the state that it returns."""

"""What fits? What is true of PyTorch and of conda installers, as data with sources."""

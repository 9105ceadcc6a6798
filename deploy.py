"""What happens to one Mac, top to bottom."""

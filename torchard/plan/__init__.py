"""The difference between a lab and its Macs, as pure data."""

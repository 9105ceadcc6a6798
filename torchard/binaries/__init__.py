"""Which symbols do the libraries in a wheel import, and export? Read from bytes, never run."""

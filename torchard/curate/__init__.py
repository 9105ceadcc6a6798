"""Is the catalogue whole, and is it still true? For those who keep it; no lab needs this folder."""

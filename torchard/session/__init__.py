"""One run over many Macs: connect, plan, apply, verify, roll back, unlock."""

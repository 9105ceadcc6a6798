"""One run over many Macs: connect, plan, apply, verify, roll back, unlock."""

# pyinfra_cli patches the standard library for gevent. It must do so before any other module
# takes a lock or a socket from it, so every module of this package is imported after this line.
import pyinfra_cli  # noqa: F401

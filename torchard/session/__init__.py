"""One run over many Macs: connect, plan, apply, verify, roll back, unlock."""

import gevent.events

# For each module that gevent patches, it would read the metadata of all installed packages, for
# plugins that nobody has: more than half of the CPU of this import.
gevent.events.notify_and_call_entry_points = gevent.events.notify

# pyinfra_cli patches the standard library for gevent. It must do so before any other module
# takes a lock or a socket from it, so every module of this package is imported after this line.
import pyinfra_cli  # noqa: E402, F401

"""How many examples hypothesis tries: a third by default, all of them in the nightly profile.

`HYPOTHESIS_PROFILE=nightly` or `--hypothesis-profile nightly` chooses the other one.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

NIGHTLY = "nightly"


def register() -> None:
    """Register both profiles and load the one that the environment names."""
    for name in ("torchard", NIGHTLY):
        # A test's time says how busy the machine is, and nothing about the code.
        quiet = [HealthCheck.too_slow]
        settings.register_profile(name, deadline=None, suppress_health_check=quiet)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "torchard"))


def examples(number: int) -> int:
    """Return how many examples a test tries, of the number that it tries at night."""
    return number if settings.get_current_profile_name() == NIGHTLY else max(number // 3, 5)

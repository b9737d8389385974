"""Waiting without sleeping blindly: poll until it is so, fail with what was waited for."""

import os
import time

SANITIZER = os.environ.get("HERALD_BUILD", "debug") in ("asan", "tsan")
LONG = os.environ.get("HERALD_LONG") == "1"
PATIENCE = 60.0 if SANITIZER else 30.0


def wait_for(condition, what, seconds=PATIENCE, every=0.005):
    """The first truthy value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        time.sleep(every)

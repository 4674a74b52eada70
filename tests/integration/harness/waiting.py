"""Deadlines. Nothing here waits for a fixed time: a wait ends when what it waits for is there."""

import os
import time

# Of anything that should take no time at all. Long, since sanitizers and a busy machine are slow; a pass never waits for it.
DEADLINE_S = 20.0


class Deadline(AssertionError):
    """What was waited for did not come."""


def wait_until(condition, what, seconds=DEADLINE_S):
    """Polls until `condition()` is true and returns its value; fails naming `what` after the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Deadline(f"not within {seconds} s: {what}")
        time.sleep(0.005)


def read_when_there(path, process, seconds=DEADLINE_S):
    """The text of a file that `process` writes atomically; fails at once when the process ends first."""

    def there():
        process.assert_running()
        return os.path.exists(path)

    wait_until(there, f"{path} of {process.name}", seconds)
    with open(path, encoding="utf-8") as file:
        return file.read()

"""How long a failed job waits before it is tried again."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST_WAIT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 3600.0


def wait_after(attempt: int, chance: random.Random) -> timedelta:
    """The wait after failed attempt number `attempt` (from 1): doubling from 10 seconds to an hour, of which a
    random half to whole is taken, so that jobs that failed together do not return together."""
    doubled = FIRST_WAIT_SECONDS * 2.0 ** min(attempt - 1, 30)
    return timedelta(seconds=min(doubled, LONGEST_WAIT_SECONDS) * chance.uniform(0.5, 1.0))

"""Simulate an account with campaigns, for the commands that only read."""

import random
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


def simulated_account() -> "Simulator":
    """Simulate an account with campaigns of several statuses and labels."""
    # Imported on use: it is a server, and half of aiohttp.
    from bulkpause.simulator import (  # noqa: PLC0415
        Behaviour,
        Simulator,
        make_campaigns,
    )

    campaigns = make_campaigns(
        120,
        statuses=("running", "running", "scheduled", "paused", "sent"),
        labels=("shoes", "sale", "news"),
        scheduled_times={"scheduled": "2035-01-01 08:00:00"},
    )
    behaviour = Behaviour(campaigns=campaigns, latency_s=0.06, jitter_s=0.02)
    return Simulator(behaviour.with_random_phases(random.Random()))

"""Simulate an account with campaigns, for the commands that only read."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bulkpause.accounts import Account, companies_of


if TYPE_CHECKING:
    from bulkpause.simulator import Simulator


def simulated_account(accounts: Sequence[Account] = ()) -> "Simulator":
    """Simulate an account with campaigns of several statuses and labels.

    Args:
        accounts: The accounts that tokens belong to; empty for one of any token.
    """
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
    behaviour = Behaviour(
        campaigns=campaigns,
        latency_s=0.06,
        jitter_s=0.02,
        accounts=companies_of(accounts),
    )
    return Simulator(behaviour.with_random_phases(random.Random()))

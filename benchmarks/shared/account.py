"""The account that the runs share: the API simulator in another process.

Run as a program with the path of its ledger, a random seed and a scale, it prints its
address, and ends when its standard input ends.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from benchmarks.harness import serving
from bulkpause.model import Limit
from bulkpause.settings import BURST, STEADY
from bulkpause.simulator import Behaviour, Simulator, Window


def limits_of(scale: float) -> tuple[Limit, ...]:
    """Give the documented limits in periods of so much of their length."""
    return tuple(
        Limit(limit.requests, limit.period_s * scale) for limit in (STEADY, BURST)
    )


def behaviour_of(seed: int, scale: float) -> Behaviour:
    """Give the documented windows unknown phases, jitter and cold connections."""
    documented = Behaviour(
        windows=tuple(
            Window(limit=limit.requests, period_s=limit.period_s)
            for limit in limits_of(scale)
        ),
        latency_s=0.1 * scale,
        jitter_s=0.1 * scale,
        cold_s=0.2 * scale,
        seed=seed,
    )
    return documented.with_random_phases(Random(seed))


@contextmanager
def running_account(ledger: Path, seed: int, scale: float) -> Iterator[str]:
    """Run the account in another process, and give its address."""
    module = "benchmarks.shared.account"
    with serving(module, str(ledger), str(seed), str(scale)) as server:
        yield server.address


async def _serve(ledger: Path, seed: int, scale: float) -> None:
    behaviour = behaviour_of(seed, scale)
    async with Simulator(behaviour, ledger_path=ledger) as simulator:
        print(simulator.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

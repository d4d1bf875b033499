"""Run the API simulator at a tenth of the time scale, in another process.

Run as a program with the path of its ledger and a random seed, it prints its address,
and ends when its standard input ends.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from benchmarks.harness import serving
from bulkpause.model import Limit
from bulkpause.simulator import Behaviour, Fault, Simulator, Window


#: Seconds here for each second of the real API.
SCALE = 0.1
BURST, STEADY = Limit(10, 1.0 * SCALE), Limit(150, 60.0 * SCALE)
#: The probability of each fault.
FAULT_RATES = {Fault.LOST: 0.01, Fault.RESET_BEFORE: 0.01, Fault.INTERNAL_ERROR: 0.01}


def behaviour_of(seed: int) -> Behaviour:
    """Scale the documented limits at unknown phases, with delays and faults."""
    scaled = Behaviour(
        windows=tuple(
            Window(limit=limit.requests, period_s=limit.period_s)
            for limit in (BURST, STEADY)
        ),
        latency_s=0.1 * SCALE,
        jitter_s=0.1 * SCALE,
        cold_s=0.3 * SCALE,
        fault_rates=FAULT_RATES,
        seed=seed,
    )
    return scaled.with_random_phases(Random(seed))


@contextmanager
def running_simulator(ledger: Path, seed: int) -> Iterator[str]:
    """Run the simulator in another process, and give its address."""
    module = "benchmarks.wall_clock.scaled_simulator"
    with serving(module, str(ledger), str(seed)) as server:
        yield server.address


async def _serve(ledger: Path, seed: int) -> None:
    async with Simulator(behaviour_of(seed), ledger_path=ledger) as simulator:
        print(simulator.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))

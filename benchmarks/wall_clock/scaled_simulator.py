"""The stand-in for the API at a tenth of the time scale, in a process of its own.

Run as a program with the path of its ledger and a seed, it prints its address, and
ends with its standard input.
"""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkpause.model import Limit
from bulkpause.simulator import Behaviour, Fault, Simulator, Window


#: Seconds here for one second there.
SCALE = 0.1
BURST, STEADY = Limit(10, 1.0 * SCALE), Limit(150, 60.0 * SCALE)
#: The share of requests that goes wrong in each way.
FAULT_RATES = {Fault.LOST: 0.01, Fault.RESET_BEFORE: 0.01, Fault.INTERNAL_ERROR: 0.01}


def behaviour(seed: int) -> Behaviour:
    """Ask for the documented limits at phases that nobody knows, and a real network."""
    phases = random.Random(seed)
    return Behaviour(
        windows=tuple(
            Window(
                limit=limit.requests,
                period_s=limit.period_s,
                phase_s=phases.uniform(0, limit.period_s),
            )
            for limit in (BURST, STEADY)
        ),
        latency_s=0.1 * SCALE,
        jitter_s=0.1 * SCALE,
        cold_s=0.3 * SCALE,
        fault_rates=FAULT_RATES,
        seed=seed,
    )


@contextmanager
def standing_in(ledger: Path, seed: int) -> Iterator[str]:
    """Run the stand-in as a process of its own, and give its address."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.wall_clock.scaled_simulator",
        str(ledger),
        str(seed),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


async def _serve(ledger: Path, seed: int) -> None:
    async with Simulator(behaviour(seed), ledger_path=ledger) as simulator:
        print(simulator.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))

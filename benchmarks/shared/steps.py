"""Make steps at a store for a while: with the rules, and a full state.

Run as a program with a place, a name and a number of seconds, it prints how many steps
it made.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shared import stores
from benchmarks.shared.account import limits_of
from bulkpause.model import Limit
from bulkpause.ratelimit.budget import codec, rules
from bulkpause.ratelimit.budget.opening import Clocks, open_store
from bulkpause.ratelimit.budget.state import Call, Resting, State, WindowUse


CLOCKS = Clocks(monotonic=time.monotonic, wall=time.time, boot_id="benchmark")
#: Requests of a caller that still count, so that a state is as full as in practice.
RESTING = 35


def steps_per_s(store: str, processes: int, seconds: float) -> float:
    """Let processes make steps at one account, and count all of them."""
    module = [sys.executable, "-m", "benchmarks.shared.steps"]
    with (
        TemporaryDirectory() as name,
        stores.opened(store, Path(name)) as place,
    ):
        callers = [
            subprocess.Popen(
                [*module, place.share, f"caller{n}", str(seconds)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for n in range(processes)
        ]
        outputs = [caller.communicate()[0] for caller in callers]
    return sum(map(int, outputs)) / seconds


async def _make_steps(share: str, owner: str, seconds: float) -> int:
    limits = limits_of(1.0)
    store = await open_store(share, "account", CLOCKS, longest_s=60.0)
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        number += 1
        await store.step(_step(owner, number, limits))
    await store.close()
    return number


def _step(
    owner: str, number: int, limits: tuple[Limit, ...]
) -> Callable[[bytes | None, float], tuple[bytes, None]]:
    def make(raw: bytes | None, now: float) -> tuple[bytes, None]:
        state = _decoded(raw, limits, now)
        resting = (Resting(now - 1.0, now - 1.0),) * RESTING
        use = WindowUse(held=1, resting=resting)
        call = Call(
            owner=owner,
            number=number,
            uses=(use,) * len(limits),
            resets=(None,) * len(limits),
            asks=True,
        )
        return codec.encode(rules.step(state, now, call)[0]), None

    return make


def _decoded(raw: bytes | None, limits: tuple[Limit, ...], now: float) -> State:
    if raw is None:
        return rules.new_state(limits, now, settles=False)
    return codec.decode(raw, place="the benchmark")


if __name__ == "__main__":
    print(asyncio.run(_make_steps(sys.argv[1], sys.argv[2], float(sys.argv[3]))))

"""Pause in many accounts at once, and print what that took as one JSON object.

Arguments: the address, the number of accounts, the ids of each, the limits as in
`10/1,30/12`, where to share budgets, and a folder for logs.
"""

import asyncio
import gc
import json
import os
import sys
import threading
import time
from array import array
from collections import Counter, deque
from collections.abc import Awaitable
from pathlib import Path
from weakref import WeakKeyDictionary

from bulkpause import Fleet, Limit, Pauser, Settings, Status
from bulkpause.ratelimit.gate import Gate
from bulkpause.ratelimit.turns import Turns


#: As the command line sets it.
_GARBAGE_AFTER = 20_000
#: How late the loop runs a timer is measured every so many seconds.
_PULSE_S = 0.01


class Lateness:
    """Notes the seconds from when a slot is free to the write of its request.

    Attributes:
        samples: Those of all requests.
        later_samples: Those of all but the first burst of each account, which all
            accounts begin at once.
    """

    def __init__(self, burst: int) -> None:
        self.samples: array[float] = array("d")
        self.later_samples: array[float] = array("d")
        #: When the windows had a slot for the request that a task waits for.
        self._free_at: dict[object, float] = {}
        self._granted: WeakKeyDictionary[Gate, deque[float]] = WeakKeyDictionary()
        self._written: Counter[int] = Counter()
        acquire, confirm, wait = Gate.acquire, Gate.confirm, Turns.wait

        async def noting_wait(turns: Turns, *, is_first: bool) -> None:
            self._free_at[asyncio.current_task()] = time.monotonic()
            await wait(turns, is_first=is_first)

        async def noting_acquire(gate: Gate) -> None:
            await acquire(gate)
            free_at = self._free_at.pop(asyncio.current_task())
            self._granted.setdefault(gate, deque()).append(free_at)

        def noting_confirm(gate: Gate) -> Awaitable[None] | None:
            late_s = time.monotonic() - self._granted[gate].popleft()
            self.samples.append(late_s)
            self._written[id(gate)] += 1
            if self._written[id(gate)] > burst:
                self.later_samples.append(late_s)
            return confirm(gate)

        Gate.acquire = noting_acquire  # type: ignore[method-assign, assignment]
        Gate.confirm = noting_confirm  # type: ignore[method-assign, assignment]
        Turns.wait = noting_wait  # type: ignore[method-assign, assignment]


async def measure_pulse(delays: "array[float]") -> None:
    """Note how late timers run, until this is cancelled."""
    while True:
        due_at = time.monotonic() + _PULSE_S
        await asyncio.sleep(_PULSE_S)
        delays.append(time.monotonic() - due_at)


async def pause_all(
    address: str, accounts: int, ids: int, settings: Settings, folder: Path
) -> dict[str, object]:
    """Pause in all accounts, and give what that took."""
    names = [f"account{number:04}" for number in range(accounts)]
    lateness = Lateness(burst=settings.limits[0].requests)
    pulse = array("d")
    before_kib = rss_kib()
    started_at, cpu_s = time.monotonic(), time.process_time()
    pausers = (
        Pauser(f"token-of-{name}", settings, log=folder / f"{name}.jsonl", account=name)
        for name in names
    )
    pulsing = asyncio.create_task(measure_pulse(pulse))
    paused = peak_kib = threads = files = 0
    async with Fleet(pausers) as fleet:
        opened_s = time.monotonic() - started_at
        plan = {name: [str(1000 + number) for number in range(ids)] for name in names}
        async for record in fleet.pause(plan):
            paused += record.status is Status.PAUSED
            if paused % 500 == 0:
                peak_kib = max(peak_kib, rss_kib())
                threads = max(threads, threading.active_count())
                files = max(files, len(os.listdir("/proc/self/fd")))  # noqa: PTH208
        wall_s = time.monotonic() - started_at
    pulsing.cancel()
    return {
        "address": address,
        "paused": paused,
        "opened_s": opened_s,
        "started_at": started_at,
        "wall_s": wall_s,
        "cpu_s": time.process_time() - cpu_s,
        "kib": max(peak_kib, rss_kib()) - before_kib,
        "threads": threads,
        "files": files,
        "late_ms": [round(1000 * at(lateness.samples, p), 1) for p in (50, 99)],
        "later_ms": [round(1000 * at(lateness.later_samples, p), 1) for p in (50, 99)],
        "pulse_ms": [round(1000 * at(pulse, p), 1) for p in (50, 99)],
    }


def at(values: "array[float]", percent: int) -> float:
    """Give a percentile, 0 of none."""
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def rss_kib() -> int:
    """Give the resident memory in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def main() -> None:
    gc.set_threshold(_GARBAGE_AFTER)
    address, accounts, ids, limits, share, folder = sys.argv[1:]
    parts = [limit.partition("/") for limit in limits.split(",")]
    settings = Settings(
        base_url=address,
        limits=tuple(Limit(int(most), float(period)) for most, _, period in parts),
        share=share,
    )
    result = asyncio.run(
        pause_all(address, int(accounts), int(ids), settings, Path(folder))
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()

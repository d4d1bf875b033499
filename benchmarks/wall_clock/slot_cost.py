"""What a slot of the gate costs, in windows of very different sizes: in real time.

Run `python -m benchmarks.wall_clock.slot_cost --help` from the root of the repository. The
loop's clock is virtual, so that what is left is the work. Only ratios within one
table say something; they do not depend much on the machine.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import click

from benchmarks.gate.__main__ import sizes_of
from benchmarks.harness import head, row
from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.gate import Gate
from tests.testkit.fixed_window import FixedWindows, HeaderWindow
from tests.testkit.virtual_time import VirtualTimeLoop


#: A window is as long as its slots are many: one is free again each so many seconds.
GAP_S = 0.4
ROUND_TRIP_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one window cost, in seconds of work."""

    making_s: float
    #: For each slot, where answers say nothing of the window, and where they do.
    silent_s: float
    told_s: float


def cost_of(requests: int, slots: int, repeats: int) -> Cost:
    """Measure a window of so many requests: the least of the repeats.

    Where the server tells, at least two windows' worth of slots are taken, so that
    what is done once in a window counts.
    """
    limit = Limit(requests, requests * GAP_S)
    told_slots = max(slots, 2 * requests)
    return Cost(
        making_s=min(_making_s(limit) for _ in range(repeats)),
        silent_s=min(_slot_s(limit, "none", slots) for _ in range(repeats)),
        told_s=min(_slot_s(limit, "longest", told_slots) for _ in range(repeats)),
    )


def _making_s(limit: Limit) -> float:
    started_s = perf_counter()
    Gate([limit], max_in_flight=1)
    return perf_counter() - started_s


def _slot_s(limit: Limit, header_window: HeaderWindow, slots: int) -> float:
    model = FixedWindows([limit], [GAP_S / 2], header_window=header_window)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(take_and_tell(limit, model, slots)) / slots


async def take_and_tell(limit: Limit, model: FixedWindows, slots: int) -> float:
    """Take and tell so many slots, and say how many seconds of work that was."""
    loop = asyncio.get_running_loop()
    gate = Gate([limit], max_in_flight=1)
    # Full from the start, with slots that come free one by one.
    await gate.restore(index * GAP_S for index in range(limit.requests))
    started_s = perf_counter()
    for _ in range(slots):
        await gate.acquire()
        sent_at = loop.time()
        rate_limit = model.arrive(sent_at).rate_limit
        await asyncio.sleep(ROUND_TRIP_S)
        reply = Reply(
            received_at=loop.time(),
            sent_at=sent_at,
            http_status=204,
            rate_limit=rate_limit,
        )
        await gate.release(reply)
    return perf_counter() - started_s


def line_of(requests: int, cost: Cost, base: Cost) -> str:
    """Write one line of the table."""
    ratios = (
        cost.making_s / base.making_s,
        cost.silent_s / base.silent_s,
        cost.told_s / base.told_s,
    )
    texts = [f"{requests:,}", *(f"{ratio:.2f}" for ratio in ratios)]
    return row(texts)


@click.command()
@click.option("--windows", type=sizes_of, default="10,1000,100000")
@click.option("--slots", type=click.IntRange(1), default=10_000)
@click.option("--repeats", type=click.IntRange(1), default=3)
def main(*, windows: Sequence[int], slots: int, repeats: int) -> None:
    """Print what a window costs, in units of what the first one does."""
    names = ["a slot, silent server", "a slot, telling server"]
    click.echo(head(["requests in the window", "making it", *names], left=0))
    costs = {requests: cost_of(requests, slots, repeats) for requests in windows}
    base = costs[windows[0]]
    for requests, cost in costs.items():
        click.echo(line_of(requests, cost, base))
    base_us = 1e6 * base.silent_s
    click.echo(f"\nOne slot of the first, silent: {base_us:.0f} microseconds here.")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.slot_cost")

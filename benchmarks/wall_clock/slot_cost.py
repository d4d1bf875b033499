"""Measure the CPU time per slot of the gate, for windows of different sizes.

Run `python -m benchmarks.wall_clock.slot_cost --help` from the root of the repository.
The loop's clock is virtual, so that only work is measured. Only the ratios within one
table are meaningful; they depend little on the machine.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import click

from benchmarks.gate.__main__ import parse_sizes
from benchmarks.harness import table_head, table_row
from bulkpause.model import Limit, Reply
from bulkpause.ratelimit.gate import Gate
from tests.testkit.fixed_window import FixedWindows, HeaderWindow
from tests.testkit.virtual_time import VirtualTimeLoop


#: The period grows with the window: a slot comes free at this interval, in seconds.
INTERVAL_S = 0.4
ROUND_TRIP_S = 0.05
COLUMNS = (
    "requests per window",
    "creation",
    "slot, no headers",
    "slot, with headers",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The CPU seconds of one window.

    Attributes:
        creation_s: To create the gate.
        silent_s: Per slot, if responses have no rate-limit headers.
        headers_s: Per slot, if they do.
    """

    creation_s: float
    silent_s: float
    headers_s: float


def cost_of(requests: int, slots: int, repeats: int) -> Cost:
    """Measure a window of the given number of requests: the least of the repeats.

    With headers, the slots fill at least two windows, so that the work that is done
    once per window is included.
    """
    limit = Limit(requests, requests * INTERVAL_S)
    header_slots = max(slots, 2 * requests)
    return Cost(
        creation_s=min(_creation_s(limit) for _ in range(repeats)),
        silent_s=min(_slot_s(limit, "none", slots) for _ in range(repeats)),
        headers_s=min(_slot_s(limit, "longest", header_slots) for _ in range(repeats)),
    )


def _creation_s(limit: Limit) -> float:
    started_s = perf_counter()
    Gate([limit], max_in_flight=1)
    return perf_counter() - started_s


def _slot_s(limit: Limit, header_window: HeaderWindow, slots: int) -> float:
    model = FixedWindows([limit], [INTERVAL_S / 2], header_window=header_window)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(acquire_and_release(limit, model, slots)) / slots


async def acquire_and_release(limit: Limit, model: FixedWindows, slots: int) -> float:
    """Acquire and release slots, and give the CPU seconds that it took."""
    loop = asyncio.get_running_loop()
    gate = Gate([limit], max_in_flight=1)
    # The window is full from the start, and its slots come free one by one.
    await gate.restore(index * INTERVAL_S for index in range(limit.requests))
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


def format_row(requests: int, cost: Cost, base: Cost) -> str:
    """Format one row of the table."""
    ratios = (
        cost.creation_s / base.creation_s,
        cost.silent_s / base.silent_s,
        cost.headers_s / base.headers_s,
    )
    texts = [f"{requests:,}", *(f"{ratio:.2f}" for ratio in ratios)]
    return table_row(texts)


@click.command()
@click.option("--windows", type=parse_sizes, default="10,1000,100000")
@click.option("--slots", type=click.IntRange(1), default=10_000)
@click.option("--repeats", type=click.IntRange(1), default=3)
def main(*, windows: Sequence[int], slots: int, repeats: int) -> None:
    """Print the cost of each window in units of the first."""
    click.echo(table_head(COLUMNS, text_columns=0))
    costs = {requests: cost_of(requests, slots, repeats) for requests in windows}
    base = costs[windows[0]]
    for requests, cost in costs.items():
        click.echo(format_row(requests, cost, base))
    base_us = 1e6 * base.silent_s
    click.echo(
        f"\nThe first without headers: {base_us:.0f} µs per slot on this machine."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.slot_cost")

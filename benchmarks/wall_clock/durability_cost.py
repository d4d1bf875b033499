"""Measure the CPU time that each safeguard of the journal adds per id.

Run `python -m benchmarks.wall_clock.durability_cost --help` from the root of the
repository. The engine pauses the same ids with one more safeguard at a time, through
its regular interfaces. There is no rate limit, and the server responds at once. What
remains is the work of the safeguards, which a real run does while it waits for slots.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import click

from benchmarks.harness import (
    Samples,
    machine,
    measure_in_turn,
    median_ratio,
    table_head,
    table_row,
)
from benchmarks.wall_clock.recorders import (
    OpenRecorder,
    full_journal,
    no_journal,
    records_only,
    unsynced_records,
)
from bulkpause.engine.dispatcher import Dispatcher
from bulkpause.engine.job import Job
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.engine.run_context import RunContext
from bulkpause.journal.codec import Header
from bulkpause.model import Item, Record, Reply
from bulkpause.operation import PAUSE
from bulkpause.ratelimit.gate import Gate
from bulkpause.vocabulary import Action, Status


IN_FLIGHT = 64
BASE = "no journal"


class InstantSender:
    """A sender whose server carries every request out at once."""

    async def send(
        self, action: Action, _id: str, _request_id: str, _body: object = None
    ) -> Reply:
        await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        if action is Action.PAUSE:
            return Reply(received_at=now, sent_at=now, http_status=204)
        return Reply(
            received_at=now, sent_at=now, http_status=200, campaign_status="paused"
        )


async def pause_all(open_recorder: OpenRecorder, ids: int, verify: Verify) -> float:
    """Pause the given number of ids, and give the CPU time per id in microseconds."""
    items = [Item(id=str(1000 + n), row=n) for n in range(1, ids + 1)]
    records: list[Record] = []
    header = Header(run="run", base_url="", digest="", planned=ids, boot_id="")
    started_s = process_time()
    async with open_recorder() as recorder:
        recorder.begin(header, items)
        engine = Dispatcher(
            sender=InstantSender(),
            gate=Gate([], max_in_flight=IN_FLIGHT),
            recorder=recorder,
            context=RunContext(
                run_id="run",
                planned=ids,
                input_digest="0123456789abcdef",
                endpoint="",
                request_ids=(f"run-{number}" for number in count(1)),
                operation=PAUSE,
                reason=None,
                retry_policy=RetryPolicy(verify=verify),
                now=lambda: datetime.now(UTC),
                jitter=random.random,
            ),
            on_record=records.append,
        )
        await engine.run(map(Job, items))
    cpu_s = process_time() - started_s
    assert [record.status for record in records] == ids * [Status.PAUSED]
    return 1e6 * cpu_s / ids


def measures_of(folder: Path, ids: int) -> dict[str, Callable[[], float]]:
    """Name the safeguards. Each one includes all that come before it."""
    numbers = count()

    def paused_with(
        recorder: Callable[[Path], OpenRecorder], verify: Verify = Verify.NONE
    ) -> float:
        path = folder / f"{next(numbers)}.jsonl"
        return asyncio.run(pause_all(recorder(path), ids, verify))

    return {
        BASE: partial(paused_with, no_journal),
        "records written": partial(paused_with, unsynced_records),
        "records synced in groups": partial(paused_with, records_only),
        "write-ahead log": partial(paused_with, full_journal),
        "every id read back": partial(paused_with, full_journal, Verify.ALL),
    }


def added_us(samples: Samples) -> list[float]:
    """Give what each safeguard adds to the previous one: the median over the rounds."""
    added = [
        median(value - before for before, value in zip(previous, values, strict=True))
        for previous, values in pairwise(samples.values())
    ]
    return [0.0, *added]


@click.command()
@click.option("--ids", type=click.IntRange(1), default=20_000)
@click.option("--rounds", type=click.IntRange(1), default=7)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False),
    help="A folder on the disk to measure.  [default: that of temporary files]",
)
def main(*, ids: int, rounds: int, folder: str | None) -> None:
    """Print the CPU time that each safeguard adds per id."""
    with TemporaryDirectory(dir=folder) as name:
        samples = measure_in_turn(measures_of(Path(name), ids), rounds)
    click.echo(
        f"{ids:,} ids, {IN_FLIGHT} in flight, {rounds} rounds in turn, medians; "
        f"{machine()}.\n"
    )
    click.echo(table_head(["safeguard", "µs of CPU per id", "added, µs", f"÷ {BASE}"]))
    for (name, values), added in zip(samples.items(), added_us(samples), strict=True):
        texts = [f"{median(values):.0f}", f"{added:+.0f}"]
        click.echo(
            table_row([name, *texts, f"{median_ratio(samples, name, BASE):.2f}"])
        )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.durability_cost")

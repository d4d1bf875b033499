"""What it costs to lose nothing, for each id: in real time.

Run `python -m benchmarks.wall_clock.durability_cost --help` from the root of the repository. The
same ids are carried by the engine with one safeguard more at a time, through the
ports that it has for them. No limit holds and the server answers at once: what is
left is the work of the safeguards, which at the real limits is done while waiting.
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

from benchmarks.harness import Figures, head, in_turn, machine, ratio, row
from benchmarks.wall_clock.recorders import Keeper, NotAhead, Nowhere, Unsynced, whole
from bulkpause.engine.dispatcher import Dispatcher, RunContext
from bulkpause.engine.job import Job
from bulkpause.engine.policy import RetryPolicy, Verify
from bulkpause.journal.codec import Header
from bulkpause.model import Action, Item, Record, Reply, Status
from bulkpause.ratelimit.gate import Gate


IN_FLIGHT = 64
BASE = "nothing is kept"


class Willing:
    """A sender whose server does what it is asked, at once."""

    async def send(self, action: Action, _id: str, _request_id: str) -> Reply:
        await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        if action is Action.PAUSE:
            return Reply(received_at=now, sent_at=now, http_status=204)
        return Reply(
            received_at=now, sent_at=now, http_status=200, campaign_status="paused"
        )


async def pause_all(keeper: Keeper, ids: int, verify: Verify) -> float:
    """Pause so many ids, and say how many microseconds of work each was."""
    items = [Item(id=str(1000 + n), row=n) for n in range(1, ids + 1)]
    records: list[Record] = []
    header = Header(run="run", base_url="", digest="", planned=ids, boot_id="")
    began_s = process_time()
    async with keeper:
        keeper.begin(header, items)
        engine = Dispatcher(
            sender=Willing(),
            gate=Gate([], max_in_flight=IN_FLIGHT),
            recorder=keeper,
            context=RunContext(
                run_id="run",
                planned=ids,
                endpoint="",
                request_ids=(f"run-{number}" for number in count(1)),
                reason=None,
                retry_policy=RetryPolicy(verify=verify),
                now=lambda: datetime.now(UTC),
                jitter=random.random,
            ),
            on_record=records.append,
        )
        await engine.run(map(Job, items))
    worked_s = process_time() - began_s
    assert [record.status for record in records] == ids * [Status.PAUSED]
    return 1e6 * worked_s / ids


def measures_of(folder: Path, ids: int) -> dict[str, Callable[[], float]]:
    """Name the safeguards, each with all of those above it."""
    numbers = count()

    def pausing(make: Callable[[Path], Keeper], verify: Verify = Verify.NONE) -> float:
        path = folder / f"{next(numbers)}.jsonl"
        return asyncio.run(pause_all(make(path), ids, verify))

    return {
        BASE: partial(pausing, Nowhere),
        "records are written": partial(pausing, Unsynced),
        "and synced in groups": partial(pausing, NotAhead),
        "and requests written ahead": partial(pausing, whole),
        "and every id read back": partial(pausing, whole, Verify.ALL),
    }


def prices_of(figures: Figures) -> list[float]:
    """Say what each safeguard adds to those above it: the median over the rounds."""
    added = [
        median(one - before for before, one in zip(above, values, strict=True))
        for above, values in pairwise(figures.values())
    ]
    return [0.0, *added]


@click.command()
@click.option("--ids", type=click.IntRange(1), default=20_000)
@click.option("--rounds", type=click.IntRange(1), default=7)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False),
    help="On the disk that shall be measured.  [default: that of temporary files]",
)
def main(*, ids: int, rounds: int, folder: str | None) -> None:
    """Print what each safeguard adds to the work for an id."""
    with TemporaryDirectory(dir=folder) as name:
        figures = in_turn(measures_of(Path(name), ids), rounds)
    click.echo(
        f"{ids:,} ids, {IN_FLIGHT} in flight, {rounds} rounds in turn, medians; "
        f"{machine()}.\n"
    )
    click.echo(head(["safeguard", "µs of work for an id", "added, µs", f"÷ {BASE}"]))
    for (what, values), added in zip(figures.items(), prices_of(figures), strict=True):
        texts = [f"{median(values):.0f}", f"{added:+.0f}"]
        click.echo(row([what, *texts, f"{ratio(figures, what, BASE):.2f}"]))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.durability_cost")

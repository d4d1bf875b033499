"""Measure the page of `report`: its size, and its CPU time in units of `status`.

Run `python -m benchmarks.wall_clock.report_page --help` from the root of the repository.
It uses real files and the installed program. A tenth of the ids is refused, and all
have names. Trace ids, which do not pack, are those of the refused ids, or one for each
id. Linux only: memory is read from /proc.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID

import click

from benchmarks.harness import (
    installed_program,
    machine,
    started,
    table_head,
    table_row,
    usage_at_end,
)
from bulkpause._text import timestamp
from bulkpause.journal.codec import encode
from bulkpause.journal.run_id import new_run_id
from bulkpause.model import Record
from bulkpause.vocabulary import Status


COLUMNS = ("ids", "trace ids", "kB", "bytes per id", "CPU s", "÷ status", "peak MiB")
#: The most that the page of 100,000 ids may have, in bytes for each.
TARGET_BYTES_PER_ID = 30
STARTED_AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
ENDPOINT = "https://api.example"
COUNTRIES = ("DE", "FR", "ES, PT", "SE/NO/FI", "AT", "BR", "US")


def write_log(path: Path, ids: int, *, is_each_traced: bool) -> None:
    """Write the result log of a run over all ids, 2.5 a second."""
    with path.open("wb") as file:
        file.writelines(map(encode, _records(ids, is_each_traced=is_each_traced)))


def _records(ids: int, *, is_each_traced: bool) -> Iterator[Record]:
    drawn = Random(5)
    run_id = new_run_id(STARTED_AT, ENDPOINT)
    for row, id_ in enumerate(drawn.sample(range(10**8), ids), 1):
        at = STARTED_AT + timedelta(seconds=0.4 * row)
        latency_ms = round(drawn.lognormvariate(4.4, 0.3), 1)
        is_refused = row % 10 == 0
        is_traced = is_refused or is_each_traced
        yield Record(
            id=str(id_),
            name=f"Summer Sale | {COUNTRIES[row % 7]} | v{row % 89}",
            status=Status.REJECTED if is_refused else Status.PAUSED,
            http_status=404 if is_refused else 204,
            trace_id=str(UUID(int=drawn.getrandbits(128))) if is_traced else None,
            title="Not found." if is_refused else None,
            campaign_status="running" if is_refused else None,
            attempts=1,
            row=row,
            request_id=f"{run_id}-{row}",
            latency_ms=latency_ms,
            started_at=timestamp(at),
            finished_at=timestamp(at + timedelta(milliseconds=latency_ms)),
            run_id=run_id,
            planned=ids,
            endpoint=ENDPOINT,
        )


def usage(*arguments: str) -> tuple[float, float]:
    """Run the program, and give its CPU time in seconds and its peak memory in MiB."""
    with started([installed_program(), *arguments]) as process:
        return usage_at_end(process)


def measured(folder: Path, ids: int, *, is_each_traced: bool) -> list[str]:
    """Measure the page of a log with so many ids, and give a row of the table."""
    log, page = folder / "log.jsonl", folder / "page.html"
    write_log(log, ids, is_each_traced=is_each_traced)
    status_s, _ = usage("status", str(log))
    report_s, peak_mib = usage("report", str(log), "-o", str(page))
    size = page.stat().st_size
    return [
        *(f"{ids:,}", f"{ids if is_each_traced else ids // 10:,}"),
        *(f"{size / 1000:,.0f}", f"{size / ids:.1f}"),
        *(f"{report_s:.1f}", f"{report_s / status_s:.1f}", f"{peak_mib:.0f}"),
    ]


@click.command()
@click.option("--ids", type=click.IntRange(10), default=100_000)
def main(*, ids: int) -> None:
    """Print size and CPU time of the page of a log, and of one with a tenth of it."""
    click.echo(f"A page of up to {ids:,} ids; {machine()}.\n")
    click.echo(table_head(COLUMNS))
    with TemporaryDirectory() as temporary:
        for count, is_each_traced in ((ids // 10, False), (ids, False), (ids, True)):
            row = measured(Path(temporary), count, is_each_traced=is_each_traced)
            click.echo(table_row(row))
    click.echo(
        f"\nThe target is at most {TARGET_BYTES_PER_ID} bytes per id at 100,000 ids."
    )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.wall_clock.report_page")

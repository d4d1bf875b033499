"""Write the result log and write-ahead log of a run that was killed near its end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bulkpause._text import timestamp
from bulkpause.journal.codec import Header, Sent, encode, encode_plan
from bulkpause.journal.reader import write_ahead_path
from bulkpause.journal.run_id import new_run_id
from bulkpause.model import Item, Record
from bulkpause.plan import digest
from bulkpause.settings import Settings
from bulkpause.vocabulary import Action, Status


#: An hour ago, so that the requests no longer count in any window.
STARTED_AT = datetime.now(UTC) - timedelta(hours=1)


def write_interrupted_log(
    log: Path, settings: Settings, ids: int, *, remaining: int
) -> None:
    """Write the files of a run that paused all but the last ids.

    Args:
        log: The path of the result log.
        settings: The settings of the run.
        ids: The number of planned ids.
        remaining: The number of ids without a record.
    """
    run_id = new_run_id(STARTED_AT, settings.endpoint_name)
    items = [Item(id=str(1000 + row), row=row) for row in range(1, ids + 1)]
    done = items[: ids - remaining]
    header = Header(
        run=run_id,
        base_url=settings.endpoint_name,
        digest=digest(item.id for item in items),
        planned=ids,
        boot_id="",
    )
    with log.open("wb") as file:
        file.writelines(encode(record) for record in _records(done, header))
    with write_ahead_path(log).open("wb") as file:
        file.write(encode(header))
        file.writelines(encode_plan(items))
        file.writelines(encode(sent) for sent in _sent(done, run_id))


def _records(items: list[Item], header: Header) -> Iterator[Record]:
    for number, item in enumerate(items, 1):
        yield Record(
            id=item.id,
            status=Status.PAUSED,
            http_status=204,
            attempts=1,
            reason="The sale is over",
            row=item.row,
            request_id=f"{header.run}-{number}",
            latency_ms=81.4,
            started_at=timestamp(STARTED_AT),
            finished_at=timestamp(STARTED_AT),
            run_id=header.run,
            planned=header.planned,
            endpoint=header.base_url,
        )


def _sent(items: list[Item], run_id: str) -> Iterator[Sent]:
    for number, item in enumerate(items, 1):
        yield Sent(
            sent=item.id,
            action=Action.PAUSE,
            request_id=f"{run_id}-{number}",
            at=timestamp(STARTED_AT),
            clock_s=0.0,
        )

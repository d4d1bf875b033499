"""Write result logs of given records, for tests of the commands that read them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bulkpause.journal.codec import Header, encode, encode_plan
from bulkpause.journal.reader import write_ahead_path
from bulkpause.model import Item, Record
from bulkpause.vocabulary import Status


ENDPOINT = "https://api.example"
RUN = "20261127T080000Z-aaaaaa-e0e0e0"


def record(number: int, status: Status = Status.PAUSED, **fields: Any) -> Record:
    """Make the record of the id 1000 + number, sent in the second of that number."""
    at = f"2026-11-27T08:{number // 60 % 60:02}:{number % 60:02}"
    known: dict[str, Any] = {
        "id": str(1000 + number),
        "http_status": 204 if status is Status.PAUSED else 404,
        "attempts": 1,
        "row": number,
        "request_id": f"{RUN}-{number}",
        "latency_ms": 80.5,
        "started_at": f"{at}.000Z",
        "finished_at": f"{at}.081Z",
        "run_id": RUN,
        "endpoint": ENDPOINT,
    }
    return Record(status=status, **(known | fields))


def records(count: int, status: Status = Status.PAUSED, **fields: Any) -> list[Record]:
    """Make the records of several ids, from 1001 on."""
    numbers = range(1, count + 1)
    return [record(n, status, **({"planned": count} | fields)) for n in numbers]


def write_log(path: Path, lines: Iterable[Record]) -> Path:
    """Write a result log."""
    path.write_bytes(b"".join(map(encode, lines)))
    return path


def write_killed_log(path: Path, count: int, **fields: Any) -> Path:
    """Write the logs of a run that was killed before its first record."""
    known: dict[str, Any] = {"run": RUN, "base_url": ENDPOINT, "digest": ""}
    header = Header(**(known | {"planned": count, "boot_id": ""} | fields))
    items = [Item(id=str(1000 + number), row=number) for number in range(1, count + 1)]
    ahead = write_ahead_path(path)
    path.touch()
    ahead.write_bytes(encode(header) + b"".join(encode_plan(items)))
    return path

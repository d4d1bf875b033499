"""Read the latest records of a log as a mapping."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bulkpause.journal.reader import latest_records, read_log
from bulkpause.model import Record


def latest_by_id(log: Path) -> dict[str, Record]:
    """Give the latest record of each id, those of a killed run included."""
    records = latest_records(log, read_log(log))
    return {record.id or "": record for record in records}


def with_ids(record: Record, ids: Iterable[object]) -> list[Record]:
    """Copy a record for each of the ids."""
    return [replace(record, id=str(id_)) for id_ in ids]

"""Read the latest records of a log as a mapping."""

from pathlib import Path

from bulkpause.journal.reader import latest_records, read_log
from bulkpause.model import Record


def latest_by_id(log: Path) -> dict[str, Record]:
    """Give the latest record of each id, those of a killed run included."""
    records = latest_records(log, read_log(log))
    return {record.id or "": record for record in records}

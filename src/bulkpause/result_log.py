"""Read a result log for a program: what is on record, and what is open."""

import os
from collections.abc import Mapping
from pathlib import Path

from bulkpause._value import value
from bulkpause.errors import InputError
from bulkpause.journal.needs import WHOLE
from bulkpause.journal.platform import SYSTEM
from bulkpause.journal.reader import exists, read_recovery
from bulkpause.log_totals import complete_totals
from bulkpause.model import Item, Record
from bulkpause.report.summary import Summary, summary_of
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import Action


@value(frozen=True)
class ResultLog:
    """What a result log and its write-ahead log say at one moment.

    Attributes:
        path: The result log.
        action: What its last run did.
        records: The latest record of each id. An id that was sent and has no record
            since gets one here: `unknown` if the request may have paused the campaign.
        invalid_rows: The records of invalid rows, which have no id.
        open_items: The ids that a retry sends: failed, unknown, or not attempted.
        summary: All ids counted, those included that the log should hold and does not.
        endpoint: The endpoint of its last run: a base URL, or `simulator`.
        run_id: The name of the last run.
        last_at: When its last line was written: RFC 3339 in UTC.
        is_held: Whether a run holds the log now, so that the rest may change; None if
            that cannot be known.
    """

    path: Path
    action: Action
    records: Mapping[str, Record]
    invalid_rows: tuple[Record, ...]
    open_items: tuple[Item, ...]
    summary: Summary
    endpoint: str | None
    run_id: str | None
    last_at: str | None
    is_held: bool | None


def read_log(path: str | os.PathLike[str]) -> ResultLog:
    """Read a result log and its write-ahead log. Neither is locked or changed.

    Raises:
        InputError: The log does not exist.
        LogError: It cannot be read, is damaged, or is of a newer version.
    """
    log = Path(path)
    # Before the log is read: a run that ends meanwhile may have changed it.
    is_held = SYSTEM.is_locked(log)
    if not exists(log):
        raise InputError(f"{log} does not exist")
    recovery = read_recovery(log, WHOLE)
    return ResultLog(
        path=log,
        action=recovery.action,
        records=recovery.latest,
        invalid_rows=tuple(recovery.invalid.values()),
        open_items=tuple(recovery.unfinished.values()),
        summary=summary_of(complete_totals(Totals(), recovery)),
        endpoint=recovery.endpoint,
        run_id=recovery.last_run_id,
        last_at=recovery.last_at,
        is_held=is_held,
    )

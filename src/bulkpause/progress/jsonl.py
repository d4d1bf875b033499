"""The display of a run as JSON lines, with structlog.

Events are named `noun.verb_past`. Text from the API stands only in the values of
fields, so that JSON escapes it.
"""

import asyncio
from dataclasses import asdict
from typing import BinaryIO

import structlog

from bulkpause._json import to_json
from bulkpause.model import Record
from bulkpause.progress.event import Event, IdFinished, Notice, Progressed
from bulkpause.progress.snapshot import Snapshot
from bulkpause.report.totals import Cause


#: Seconds between two `run.progressed` lines while the state stays the same.
INTERVAL_S = 10.0
_FIRST = ("timestamp", "level", "event", "run_id")


def configure(
    level: str, run_id: str, file: BinaryIO, *, simulated: bool = False
) -> structlog.typing.FilteringBoundLogger:
    """Configure structlog, and give the logger of a run.

    Args:
        level: The minimum level of its lines.
        run_id: Stands in each line.
        file: What the lines are written to.
        simulated: Whether each line says that no real campaign is paused.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _put_first,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(file),
        cache_logger_on_first_use=False,
    )
    # Bound to the logger, because each task has another context.
    of_every_line = {"run_id": run_id} | ({"simulated": True} if simulated else {})
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(
        **of_every_line
    )
    return logger


def _put_first(
    _: object, __: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put the fields that every line has first, for human readers."""
    return {name: fields.pop(name) for name in _FIRST if name in fields} | dict(fields)


def _dumps(value: object, **_: object) -> bytes:
    return to_json(value).encode()


class JsonLinesDisplay:
    """Logs a line at intervals, at each change of state, and for each id.

    The line of a paused id has the level `debug`, that of any other id `warning`.

    Args:
        log: Writes the lines.
        progress: The event of the lines that tell of progress.
    """

    def __init__(
        self,
        log: structlog.typing.FilteringBoundLogger,
        *,
        progress: str = "run.progressed",
    ) -> None:
        self._log = log
        self._progress = progress
        self._state: tuple[str | None, str | None] | None = None
        self._last_at = float("-inf")

    def handle(self, event: Event) -> None:
        match event:
            case Progressed(snapshot):
                self._log_progress(snapshot)
            case IdFinished(record):
                self._log_record(record)
            case Notice(name, fields, level="error"):
                self._log.error(name, **fields)
            case Notice(name, fields, level="warning"):
                self._log.warning(name, **fields)
            case Notice(name, fields):
                self._log.info(name, **fields)

    def close(self) -> None:
        pass

    def _log_progress(self, snapshot: Snapshot) -> None:
        now = asyncio.get_running_loop().time()
        state = (snapshot.waits_for, snapshot.stopping)
        if state == self._state and now - self._last_at < INTERVAL_S:
            return
        self._state, self._last_at = state, now
        self._log.info(self._progress, **_fields(snapshot))

    def _log_record(self, record: Record) -> None:
        if record.status.is_done:
            self._log.debug(
                "id.finished", id=record.id, name=record.name, status=record.status
            )
            return
        self._log.warning(
            "id.finished",
            id=record.id,
            name=record.name,
            **asdict(Cause.of(record)),
            trace_id=record.trace_id,
            row=record.row,
        )


def _fields(snapshot: Snapshot) -> dict[str, object]:
    """Give a snapshot's fields, rounded, without those that other lines or all have."""
    fields = asdict(snapshot)
    for name in ("rate_per_s", "allowed_per_s", "left_s", "waits_s"):
        if fields[name] is not None:
            fields[name] = round(fields[name], 2)
    del fields["failures"], fields["simulated"], fields["action"]
    if not snapshot.accounts:
        del fields["accounts"]
    return {"finished": snapshot.finished, **fields}

"""structlog, configured once: one JSON object a line on stderr.

Events are `noun.verb_past`. Values are fields, so that what the API says is escaped.
"""

import asyncio
import sys
from dataclasses import asdict

import orjson
import structlog

from bulkpause.model import Record
from bulkpause.progress.snapshot import Snapshot
from bulkpause.report.totals import Cause


#: Seconds between two lines.
LINE_EVERY_S = 10.0


_FIRST = ("timestamp", "level", "event", "run_id")


def configure(level: str, run_id: str) -> structlog.typing.FilteringBoundLogger:
    """Set structlog up and give the logger of a run."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _put_first,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    # Bound to the logger and not to the context, which is another in each task.
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(run_id=run_id)
    return logger


def _put_first(
    _: object, __: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Begin each line with what all lines have, for the eye."""
    return {name: fields.pop(name) for name in _FIRST if name in fields} | dict(fields)


def _dumps(value: object, **_: object) -> bytes:
    return orjson.dumps(value, default=str)


class JsonLinesDisplay:
    """Writes a line of JSON now and then, and one for each id that is not paused."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self._state: tuple[str | None, str | None] | None = None
        self._last_at = float("-inf")

    def show(self, snapshot: Snapshot) -> None:
        now = asyncio.get_running_loop().time()
        state = (snapshot.waits_for, snapshot.stopping)
        if state == self._state and now - self._last_at < LINE_EVERY_S:
            return
        self._state, self._last_at = state, now
        self._log.info("run.progressed", **_fields(snapshot))

    def tell(self, record: Record) -> None:
        if record.status.is_paused:
            self._log.debug("id.finished", id=record.id, status=record.status)
            return
        self._log.warning(
            "id.finished",
            id=record.id,
            **asdict(Cause.of(record)),
            trace_id=record.trace_id,
            row=record.row,
        )

    def note(self, event: str, **fields: object) -> None:
        self._log.info(event, **fields)

    def say(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


def _fields(snapshot: Snapshot) -> dict[str, object]:
    """Give a snapshot for a log: numbers rounded, the failures told already."""
    fields = asdict(snapshot)
    for name in ("rate_per_s", "allowed_per_s", "left_s", "waits_s"):
        if fields[name] is not None:
            fields[name] = round(fields[name], 2)
    del fields["failures"]
    return {"finished": snapshot.finished, **fields}
